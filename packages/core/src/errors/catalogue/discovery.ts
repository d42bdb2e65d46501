// What can go wrong with: discovery. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const discovery = {
  CONFIG_EXISTS: {
    message: '{file} is there already, and is not replaced.',
    hint: 'Edit it: docs/reference/config.md describes every key. `stillpoint init --dry-run` shows what a new one would say.',
    exit: exit.failed,
    retryable: false,
  },
  CONFIG_NOT_WRITTEN: {
    message: '{file} cannot be written.',
    hint: 'Make its directory writable for you, or let `stillpoint init --dry-run` print what belongs in it.',
    exit: exit.failed,
    retryable: false,
  },
  INIT_DIRECTORY_MISSING: {
    message: '{directory} is no directory.',
    hint: 'Name the directory of your project, or go there: stillpoint init looks at the current one.',
    exit: exit.usage,
    retryable: false,
  },
  NOTHING_FOUND: {
    message: 'There is no git repository, no database and no address of one in {directory}.',
    hint: 'Run `git init` there, or write DATABASE_URL=postgresql://... into .env, then run stillpoint init again. `stillpoint demo` shows how it works without a project.',
    exit: exit.failed,
    retryable: false,
  },
  DOCTOR_FOUND_PROBLEMS: {
    message: 'Of {checked} checks {failed} failed.',
    hint: 'Each stands above with what to do; the first is the one to begin with.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
