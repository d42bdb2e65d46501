// What can go wrong with: facts that nobody can change. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceVerbatim = {
  FACT_NOT_INSTALLED: {
    message: 'The database "{database}" has no tables of facts.',
    hint: 'Run stillpoint migrate, or installChambers() with verbatimPart, as the role that owns the database.',
    exit: exit.failed,
    retryable: false,
  },
  FACT_KEY_INVALID: {
    message: '"{key}" cannot be the key or alias of a fact: {reason}.',
    hint: 'Give the fact a short name, and put the long text into its value.',
    exit: exit.failed,
    retryable: false,
  },
  FACT_EXISTS: {
    message: 'The key "{key}" has a fact already.',
    hint: 'Read it with exact(), and supersede it with correct() if it is wrong. Keys are equal whatever their case and Unicode form.',
    exit: exit.failed,
    retryable: false,
  },
  FACT_UNKNOWN: {
    message: 'There is no fact with the {what}.',
    hint: 'State it first. After a restore, facts that were stated later are gone.',
    exit: exit.notFound,
    retryable: false,
  },
  FACT_SUPERSEDED: {
    message: 'The fact {id} of "{key}" was superseded by somebody else.',
    hint: 'Read history() of the key, and correct the newest fact if that is still wrong.',
    exit: exit.failed,
    retryable: false,
  },
  FACT_QUESTION_TOO_LONG: {
    message: 'The question has {words} words and signs, more than {most}.',
    hint: 'Ask about a part of the text at a time.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
