// What can go wrong with: vault. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const vault = {
  VAULT_MISSING: {
    message: 'There is no vault at {vault}.',
    hint: 'The first snapshot makes one for a project, stillpoint vault init one for copies. If there should be one, check its place in the configuration and that its disk is mounted.',
    exit: exit.notFound,
    retryable: false,
  },
  VAULT_ELSEWHERE: {
    message:
      'The configuration says that the vault is at {where}; this project has last used the one at {place}.',
    hint: 'Name {place} as "vault" in the configuration again. A restore that brought back an older configuration can then be undone.',
    exit: exit.notFound,
    retryable: false,
  },
  VAULT_CONTENT_CHANGED: {
    message: 'A file became shorter while it was captured: it ends at {position} of {bytes} bytes.',
    hint: 'Something changed it meanwhile. Nothing was sealed; take the snapshot again.',
    exit: exit.failed,
    retryable: true,
  },
  VAULT_THREAD_FAILED: {
    message: 'A thread that compresses for the vault was lost: {why}.',
    hint: 'Nothing was sealed. Make sure that there is memory to spare, and run the command again.',
    exit: exit.failed,
    retryable: true,
  },
  VAULT_TOO_NEW: {
    message:
      'The vault at {vault} has format {format}; this Stillpoint knows formats up to {supported}.',
    hint: 'Install a newer stillpoint. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_DAMAGED: {
    message: 'The vault at {vault} cannot be used: {reason}.',
    hint: 'Bring vault.json back from a copy of the vault, or name an empty directory for a new vault. Nothing was changed.',
    exit: exit.integrity,
    retryable: false,
  },
  VAULT_READ_ONLY: {
    message: 'The vault at {vault} cannot be written: {reason}.',
    hint: 'Check the owner and the permissions of that directory and whether its disk is mounted read-only.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_NO_ACCESS: {
    message: 'The vault at {vault} cannot be read: {reason}.',
    hint: 'Run as the user who owns that directory, or change its owner.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_NO_SPACE: {
    message: 'No space is left for the vault at {vault}.',
    hint: 'Make room on its disk and take the snapshot again. Older snapshots are unharmed.',
    exit: exit.noSpace,
    retryable: false,
  },
  VAULT_IO_FAILED: {
    message: 'The vault at {vault} failed to {operation} {key}: {reason}.',
    hint: 'Look at the disk or the network that the vault is on, then run the command again.',
    exit: exit.failed,
    retryable: true,
  },
  OBJECT_MISSING: {
    message: 'The vault at {vault} has no object {key}.',
    hint: 'stillpoint verify --deep shows which snapshots are harmed.',
    exit: exit.integrity,
    retryable: false,
  },
  OBJECT_EXISTS: {
    message: 'The vault at {vault} already has an object {key}.',
    hint: 'Objects of a vault never change. Run the command again.',
    exit: exit.failed,
    retryable: false,
  },
  CHUNK_DAMAGED: {
    message: 'Data in the vault is damaged: chunk {chunk} in {key} at offset {offset}: {reason}.',
    hint: 'stillpoint verify --deep shows which snapshots are harmed; restore one that is not.',
    exit: exit.integrity,
    retryable: false,
  },
  CHUNK_MISSING: {
    message: 'Data in the vault is missing: chunk {chunk} should be in {key} at offset {offset}.',
    hint: 'stillpoint verify shows which snapshots are harmed; restore one that is not.',
    exit: exit.integrity,
    retryable: false,
  },
  IMAGE_DAMAGED: {
    message: 'Data in the vault is damaged: the image {image} cannot be read: {reason}.',
    hint: 'stillpoint verify --deep shows which snapshots are harmed; restore one that is not.',
    exit: exit.integrity,
    retryable: false,
  },
  MANIFEST_DAMAGED: {
    message: 'Snapshot {id} cannot be read: its manifest {key} is damaged ({reason}).',
    hint: 'Other snapshots are unharmed: stillpoint list shows them.',
    exit: exit.integrity,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
