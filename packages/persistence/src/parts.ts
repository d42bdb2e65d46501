// The tables that this library brings along: all parts that migrating sets up and doctor looks at. The order is that of setting up.
import type { ChamberPart } from './chambers/index.ts';
import { documentsPart } from './documents/index.ts';
import { memoryPart } from './memory/index.ts';
import { queuePart } from './queue/index.ts';
import { tracesPart } from './traces/index.ts';
import { verbatimPart } from './verbatim/index.ts';

/** Without the ledger of migrations and the triggers of models: those come with migrating itself. */
export const libraryParts: readonly ChamberPart[] = [
  queuePart,
  verbatimPart,
  memoryPart,
  tracesPart,
  documentsPart,
];
