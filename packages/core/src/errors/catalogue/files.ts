// What can go wrong with: files. Part of the error catalogue (../catalogue.ts).
import type { CatalogueEntry } from './entry.ts';

export const files = {} as const satisfies Record<string, CatalogueEntry>;
