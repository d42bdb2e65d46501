// What can go wrong with: chambers, the schemas of the persistence library. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceChambers = {
  CHAMBER_ROLE_MISSING: {
    message:
      'The role "{role}", whose rights the application has, is not there, and "{user}" may not create it.',
    hint: 'As an administrator of the server: {sql}',
    exit: exit.failed,
    retryable: false,
  },
  CHAMBER_RIGHT_MISSING: {
    message: 'The role "{user}" lacks rights to set up the database: {rights}.',
    hint: 'As the owner of what it is about, or as an administrator: {sql}',
    exit: exit.failed,
    retryable: false,
  },
  CHAMBER_INSTALL_FAILED: {
    message: 'Version {version} of the part "{part}" could not be set up: {reason}.',
    hint: 'Nothing was changed. The cause tells the statement of the server that failed; something of the same name may be there already.',
    exit: exit.failed,
    retryable: false,
  },
  CHAMBER_TOO_NEW: {
    message:
      'The part "{part}" of the database has version {found}, and this code knows versions up to {known}.',
    hint: 'The data was set up by newer code. Bring the code back to it, or restore a snapshot of data from before.',
    exit: exit.gateBlocked,
    retryable: false,
  },
  CHAMBER_SETTLE_FAILED: {
    message: 'Rights or settings of a chamber could not be put right: {about} ({reason}).',
    hint: 'As the owner of what it is about, or as an administrator: {sql}',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
