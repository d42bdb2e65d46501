// What can go wrong with: copies, exports and repairs of a vault. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const vaultCare = {
  SNAPSHOTS_NOT_COPIED: {
    message: 'What was asked for could not be copied whole ({failed}): {reason}.',
    hint: 'Whatever is whole was copied. stillpoint verify --deep shows what is damaged, stillpoint vault repair what can be mended.',
    exit: exit.integrity,
    retryable: false,
  },
  COPY_OF_ITSELF: {
    message: 'The vault at {vault} is the same on both sides.',
    hint: 'Name another vault. A directory that was copied file by file is the same vault; begin a new one with stillpoint vault init.',
    exit: exit.failed,
    retryable: false,
  },
  COPIES_NOT_CONFIGURED: {
    message: 'The configuration names no copies.',
    hint: "Add copies: ['/mnt/offsite/vault'] to it, or name two vaults: stillpoint vault copy FROM TO.",
    exit: exit.usage,
    retryable: false,
  },
  VAULT_WITHOUT_KEYS: {
    message: 'The vault at {vault} is not encrypted, so it has no keys.',
    hint: 'Make an encrypted one with stillpoint vault init, and copy the snapshots into it with stillpoint vault copy.',
    exit: exit.failed,
    retryable: false,
  },
  SNAPSHOTS_LOST: {
    message: 'Repaired as far as it goes: {harmed} of the snapshots are not whole.',
    hint: 'What they lost is listed above; all else of them is there. A vault that still has it mends them: stillpoint vault repair --from PLACE. Take a new one now: stillpoint snapshot',
    exit: exit.integrity,
    retryable: false,
  },
  STORE_NOT_LAWFUL: {
    message:
      'The store at {place} does not keep what a vault needs: {failed} of {checks} checks failed.',
    hint: 'Each is listed above. Do not keep a vault there.',
    exit: exit.failed,
    retryable: false,
  },
  EXPORT_EXISTS: {
    message: 'There is a file {file} already.',
    hint: 'Name another one, or move it away. Nothing was written.',
    exit: exit.failed,
    retryable: false,
  },
  EXPORT_NOT_WRITTEN: {
    message: 'The file {file} could not be written: {reason}.',
    hint: 'Check the directory, its permissions and the room on its disk. Nothing of it stayed.',
    exit: exit.failed,
    retryable: false,
  },
  EXPORT_MISSING: {
    message: 'The file {file} cannot be read: {reason}.',
    hint: 'Name a file that stillpoint vault export wrote.',
    exit: exit.notFound,
    retryable: false,
  },
  EXPORT_DAMAGED: {
    message: 'The file {file} is not what stillpoint vault export wrote: {reason}.',
    hint: 'Nothing was imported. Take another copy of it; what is whole in it can be had too: unpack it with tar into an empty directory, and name that to stillpoint vault copy.',
    exit: exit.integrity,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
