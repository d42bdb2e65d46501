// What can go wrong with: discovery. Part of the error catalogue (../catalogue.ts).
import type { CatalogueEntry } from './entry.ts';

export const discovery = {} as const satisfies Record<string, CatalogueEntry>;
