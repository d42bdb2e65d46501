// What can go wrong with: documents as jsonb, and rows in bulk. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceJsonb = {
  JSONB_NOT_JSON: {
    message: 'The value has no form in JSON: {reason}.',
    hint: 'JSON knows null, booleans, finite numbers, text, arrays and objects. Turn what else there is into one of these before it is stored.',
    exit: exit.usage,
    retryable: false,
  },
  JSONB_TEXT_REFUSED: {
    message: 'The value holds {what} in a text, which Postgres cannot store as jsonb.',
    hint: 'Take it out, or store the bytes as they are: a state document with exact: true, or a column of type bytea.',
    exit: exit.usage,
    retryable: false,
  },
  JSONB_TOO_LARGE: {
    message: 'The document has {bytes} bytes; jsonb holds {most} at most.',
    hint: 'Divide it into several documents, or keep it as a file of a files source.',
    exit: exit.usage,
    retryable: false,
  },
  JSONB_TOO_DEEP: {
    message: 'The JSON is nested deeper than the {most} levels that PGlite can be trusted with.',
    hint: 'Make it flatter, or use a Postgres server. Nothing was sent to the database, and an open transaction can go on.',
    exit: exit.usage,
    retryable: false,
  },
  JSONB_REFUSED: {
    message: 'The server does not take the document: {reason}.',
    hint: 'The transaction is over. Mend the document, or store the bytes as they are: a state document with exact: true, or a column of type bytea.',
    exit: exit.usage,
    retryable: false,
  },
  COPY_VALUE_INVALID: {
    message:
      'Row {row} cannot be written: its value for the column "{column}" is not of the type: {reason}.',
    hint: 'Nothing of this transaction is written. Mend the row and call again.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
