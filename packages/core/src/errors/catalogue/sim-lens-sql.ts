// What can go wrong with: SQL over lenses. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simLensSql = {
  LENS_SQL_REFUSED: {
    message: 'DuckDB refused the statement. {reason}',
    hint: 'Nothing was changed: statements only read. `stillpoint lens sql "from fields"` lists the tables, and `describe` followed by the quoted name of one its columns.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_SQL_MEMORY: {
    message: 'The statement needs more memory than DuckDB was given. {reason}',
    hint: 'Give it more with `--memory`, as a library with `memoryLimitBytes`, or ask for less at a time: fewer columns, or a range of ticks.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
