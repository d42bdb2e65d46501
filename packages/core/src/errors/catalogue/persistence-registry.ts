// What can go wrong with: extensions and their models. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceRegistry = {
  MODEL_EXTENSION_UNREADABLE: {
    message: 'The extension in {file} cannot be loaded: {reason}',
    hint: 'Nothing was changed. Correct the file, or take its directory out of the members.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_EXTENSION_INVALID: {
    message: 'What {file} says is not an extension: {reason}.',
    hint: 'Nothing was changed. The default export is what defineExtension(...) gives.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_EXTENSION_TWICE: {
    message: 'The extension {name} is there twice: in {first} and in {second}.',
    hint: 'Nothing was changed. Give one of them another name, or take one out of the members.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_SETUP_FAILED: {
    message: 'The setup of the extension {owner} failed: {reason}',
    hint: 'Nothing was changed. Correct setup() in {file}, or take its directory out of the members.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_SETUP_CLOSED: {
    message: 'The extension {owner} registers {model} after its setup has ended.',
    hint: 'Call registerModel() in setup(), and await there whatever it waits for.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_WITHOUT_BASE: {
    message:
      'The model {model} of the extension {owner} is not made on the shared base: {missing}.',
    hint: 'Nothing was changed. Begin its columns with ...uuidBase, and leave those as they are.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_COLLISION: {
    message: 'The extensions {first} and {second} both want the {what}.',
    hint: 'Nothing was changed. Give it another name in one of them. A prefix with the name of the extension keeps names apart.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_NAME_TWICE: {
    message: 'The extension {owner} wants the {what} twice.',
    hint: 'Nothing was changed. Give one of the two another name.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_NAME_TOO_LONG: {
    message:
      'The name of the {what} of the extension {owner} has {bytes} bytes; Postgres keeps 63 and drops the rest.',
    hint: 'Nothing was changed. Give it a shorter name. Where the model names none, it is made of the names of table and columns.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_NAME_UNUSABLE: {
    message: 'The {what} of the extension {owner} has a name that cannot be used.',
    hint: 'Nothing was changed. Names are not empty and have no dot, quotation mark, backslash or control character.',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_CHAMBER_CLAIMED: {
    message:
      'The extension {owner} claims {what}, and the schema {schema} is not open to extensions.',
    hint: 'Nothing was changed. Tables belong into public, vectors, or a schema of the extension\'s own: pgSchema("{owner}").table(...).',
    exit: exit.failed,
    retryable: false,
  },
  MODEL_SETTING_INVALID: {
    message: 'The value of the setting {key} of {owner} is not what it should be: {reason}.',
    hint: 'Set it again to a value that fits, or let the schema take what is stored.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
