// What can go wrong with: command. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const command = {
  NODE_TOO_OLD: {
    message: 'Node 24.15 or newer is needed, this is {version}.',
    hint: 'Install Node 24 from https://nodejs.org, or the package node-<os>-<arch>@24 beside stillpoint.',
    exit: exit.failed,
    retryable: false,
  },
  INTERRUPTED: {
    message: 'Interrupted while {doing}.',
    hint: 'Nothing is half-applied. Run the command again when you like.',
    exit: exit.interrupted,
    retryable: true,
  },

  USAGE_INVALID: {
    message: '{problem}',
    hint: '{usage}',
    exit: exit.usage,
    retryable: false,
  },
  CONFIRMATION_NEEDED: {
    message: 'This {operation} replaces the live state, and nobody is here to confirm it.',
    hint: 'Add --yes if that is what you want. What is there now is kept: stillpoint undo brings it back.',
    exit: exit.usage,
    retryable: false,
  },
  FORGET_NEEDS_YES: {
    message: 'Forgetting has to be confirmed, and nobody is here to do it.',
    hint: 'Add --yes if that is what you want: what is forgotten cannot be restored any more. --dry-run only shows it.',
    exit: exit.usage,
    retryable: false,
  },
  NOT_CONFIRMED: {
    message: 'The {operation} was not confirmed.',
    hint: 'Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_UNKNOWN: {
    message: 'This project has no {what}.',
    hint: '{known}',
    exit: exit.notFound,
    retryable: false,
  },
  DATABASE_AMBIGUOUS: {
    message: 'This project has several managed databases: {names}.',
    hint: 'Say which one with --source NAME.',
    exit: exit.usage,
    retryable: false,
  },
  PERSISTENCE_MISSING: {
    message: 'This needs @stillpoint/persistence, which is not installed beside stillpoint.',
    hint: 'Install it in the project: npm install @stillpoint/persistence',
    exit: exit.failed,
    retryable: false,
  },
  SIM_MISSING: {
    message: 'This needs @stillpoint/sim, which is not installed beside stillpoint.',
    hint: 'Install it in the project: npm install @stillpoint/sim',
    exit: exit.failed,
    retryable: false,
  },
  PROGRAM_NOT_STARTED: {
    message: '{program} cannot be started.',
    hint: 'Is it installed, executable and on the PATH? After "--" comes the program itself, not a shell line: sh -c "..." runs one.',
    exit: exit.failed,
    retryable: false,
  },
  SNAPSHOTS_DAMAGED: {
    message: 'Damage was found in {damaged} of {checked} snapshots.',
    hint: 'Each damage is listed above. Snapshots without damage restore as ever. Mend the vault first (stillpoint vault repair), then take a new one: stillpoint snapshot',
    exit: exit.integrity,
    retryable: false,
  },
  DEMO_DIFFERS: {
    message: 'What came back differs from what was captured: {what}.',
    hint: 'This is a defect of Stillpoint. The directory {directory} is kept; please report it.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
