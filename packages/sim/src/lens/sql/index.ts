// The door of SQL.
export type {
  LensSql,
  LensSqlAnswer,
  LensSqlColumn,
  LensSqlOptions,
  LensSqlRows,
  LensSqlValue,
} from './contract.ts';
export { openLensSql } from './open-sql.ts';
