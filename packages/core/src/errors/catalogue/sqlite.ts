// What can go wrong with: sqlite. Part of the error catalogue (../catalogue.ts).
import type { CatalogueEntry } from './entry.ts';

export const sqlite = {} as const satisfies Record<string, CatalogueEntry>;
