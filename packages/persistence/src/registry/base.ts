// The columns that every model has: an id that sorts by time, when the row was made and changed, and how often.
import { sql } from 'drizzle-orm';
import { getTableConfig, integer, timestamp, uuid, type PgTable } from 'drizzle-orm/pg-core';

/**
 * The shared base of all models: `pgTable('notes', { ...uuidBase, title: text().notNull() })`. The database fills all four, and a
 * trigger moves `updated` and `version` with every UPDATE.
 */
export const uuidBase = {
  /** UUIDv7, made by the database. */
  id: uuid()
    .primaryKey()
    .default(sql`stillpoint.uuidv7()`),
  created: timestamp({ withTimezone: true }).notNull().defaultNow(),
  updated: timestamp({ withTimezone: true }).notNull().defaultNow(),
  /** 1 for a new row; one more with each UPDATE. */
  version: integer().notNull().default(1),
};

const wanted = [
  { name: 'id', type: 'uuid' },
  { name: 'created', type: 'timestamp with time zone' },
  { name: 'updated', type: 'timestamp with time zone' },
  { name: 'version', type: 'integer' },
] as const;

/** What of the base a model lacks, in words; undefined: nothing. */
export function lacksOfBase(model: PgTable): string | undefined {
  const { columns } = getTableConfig(model);
  for (const { name, type } of wanted) {
    const column = columns.find((one) => one.name === name);
    if (column === undefined) return `it has no column ${name}`;
    if (column.getSQLType() !== type)
      return `its column ${name} is ${column.getSQLType()}, not ${type}`;
    if (!column.notNull || !column.hasDefault)
      return `its column ${name} has to be NOT NULL with a default`;
    if (name === 'id' && !column.primary) return 'its column id is not the primary key';
  }
  return undefined;
}
