// What can go wrong with: traces. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceTraces = {
  TRACE_NOT_INSTALLED: {
    message: 'The database "{database}" has no tables of traces.',
    hint: 'Run stillpoint migrate, or installChambers() with tracesPart, as the role that owns the database.',
    exit: exit.failed,
    retryable: false,
  },
  TRACE_NOT_FLUSHED: {
    message: 'Spans that have ended are not stored yet ({spans} wait): {reason}.',
    hint: 'They stay in the queue and are tried again. Look whether the database can be reached, and call flush() again.',
    exit: exit.failed,
    retryable: true,
  },
  TRACE_DAY_BUSY: {
    message: 'A day of spans could not be dropped: somebody reads or writes it ({reason}).',
    hint: 'Call keep() again when long queries of traces.spans have ended. The days that were dropped stay dropped.',
    exit: exit.failed,
    retryable: true,
  },
  TRACE_ID_INVALID: {
    message: '"{id}" is no id of a trace.',
    hint: 'An id has 32 hexadecimal digits. The command stillpoint traces show also takes its beginning, from 4 digits on.',
    exit: exit.usage,
    retryable: false,
  },
  TRACE_UNKNOWN: {
    message: 'No trace begins with "{id}".',
    hint: 'The command stillpoint traces shows the newest. It may have been older than the days that are kept.',
    exit: exit.notFound,
    retryable: false,
  },
  TRACE_AMBIGUOUS: {
    message: 'Several traces begin with "{id}": {ids}.',
    hint: 'Give more digits of the one that you mean.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
