// What can go wrong with: postgres by url. Part of the error catalogue (../catalogue.ts).
import type { CatalogueEntry } from './entry.ts';

export const postgresByUrl = {} as const satisfies Record<string, CatalogueEntry>;
