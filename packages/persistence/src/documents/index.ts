export { createDocuments } from './documents.ts';
export { documentsPart } from './part.ts';
export type {
  CompactAllOptions,
  Compacted,
  CompactOptions,
  DocumentState,
  Documents,
  ExactState,
  HistoryOptions,
  Keep,
  ReadOptions,
  SaveExactOptions,
  SaveOptions,
  State,
  StateVersion,
} from './contract.ts';
