// What can go wrong with: the keys of a vault. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const vaultKeys = {
  VAULT_KEY_NEEDED: {
    message: 'The vault at {vault} is encrypted, and no passphrase was given.',
    hint: 'Say in the configuration where its passphrase is: vault.encryption.passphrase names a file, a command or a variable.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_KEY_WRONG: {
    message: 'The passphrase does not open the vault at {vault}; tried: {slots}.',
    hint: 'Give the passphrase that the vault was made with, or one that was added later. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_KEY_LOST: {
    message: 'The vault at {vault} is encrypted, and its keys are lost: {reason}.',
    hint: 'Bring the files below keys/ back from a copy of the vault. Without one of them nothing in it can be read, whatever the passphrase.',
    exit: exit.integrity,
    retryable: false,
  },
  VAULT_KEY_SHORT: {
    message:
      'A passphrase of {bytes} bytes is too short for a vault: at least {smallest} are needed.',
    hint: 'Make one with "openssl rand -base64 32", and keep it in a second place too.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_KEY_UNREADABLE: {
    message: 'The passphrase of the vault cannot be read from {where}: {reason}.',
    hint: 'Check vault.encryption.passphrase in the configuration. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_KEY_IN_USE: {
    message: 'The key slot {slot} is the one that has opened the vault, so it is not removed.',
    hint: 'Open the vault with another passphrase and remove it then; so it is known that one is left that works.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_KEY_SLOT_UNKNOWN: {
    message: 'The vault at {vault} has no key slot {slot}.',
    hint: 'Known here: {known}.',
    exit: exit.notFound,
    retryable: false,
  },
  VAULT_ENCRYPTION_DIFFERS: {
    message: 'A passphrase was given for the vault at {vault}, but it is not encrypted.',
    hint: 'Take the passphrase out of the configuration, or copy the vault into an encrypted one and name that one as "vault". Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
