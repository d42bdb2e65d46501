// What can go wrong with: diff. Part of the error catalogue (../catalogue.ts).
import type { CatalogueEntry } from './entry.ts';

export const diff = {} as const satisfies Record<string, CatalogueEntry>;
