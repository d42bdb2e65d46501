export type {
  CommitsDiff,
  DatabaseDiff,
  DiffSide,
  DiffState,
  FileChange,
  FilesDiff,
  FromTo,
  LockfileDiff,
  Named,
  NamedChanges,
  RowChange,
  RowsDiff,
  SourceDiff,
  StateDiff,
  TableDiff,
} from './contract.ts';
export { diffStates, type DiffRequest } from './diff.ts';
