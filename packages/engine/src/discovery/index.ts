// What the rest may use to find out what a project has.
export { databaseIdentity } from './addresses.ts';
export type {
  Choice,
  Discovery,
  FoundDatabase,
  FoundElsewhere,
  FoundPostgres,
  FoundRepository,
  FoundRuns,
  FoundSchema,
  FoundSqlite,
  FoundUploads,
  FoundVariable,
} from './contract.ts';
export { discoverProject, type DiscoverOptions } from './discover.ts';
export { chooseLikely, writeConfigText } from './config-text.ts';
export { readSqliteHeader, type SqliteHeader } from './sqlite-header.ts';
export { walkProject } from './walk.ts';
