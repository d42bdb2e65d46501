// What models and their queries are written with: Drizzle's tables, columns and conditions, of the version that migrations are planned
// by, so that a daemon and its extensions need no Drizzle of their own.
export * from 'drizzle-orm/pg-core';
export {
  and,
  asc,
  between,
  count,
  desc,
  eq,
  gt,
  gte,
  ilike,
  inArray,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  max,
  min,
  ne,
  not,
  notInArray,
  or,
  sql,
  sum,
} from 'drizzle-orm';
export { uuidBase } from './registry/index.ts';
/** Instead of Drizzle's: the same in the schema and in what is read; what is written goes out as bytes, and is refused where JSON has no form for it. */
export { jsonb, jsonbOf, jsonbParameter, jsonbText } from './jsonb/index.ts';
