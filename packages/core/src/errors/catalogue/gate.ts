// What can go wrong with: gate. Part of the error catalogue (../catalogue.ts).
import type { CatalogueEntry } from './entry.ts';

export const gate = {} as const satisfies Record<string, CatalogueEntry>;
