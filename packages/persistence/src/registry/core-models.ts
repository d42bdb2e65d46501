// Core's own tables: which extensions shaped this database, settings of everybody, and users.
import { sql } from 'drizzle-orm';
import { check, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { uuidBase } from './base.ts';

/** Extensions that are here or were: an uninstalled one keeps its row as long as its tables are kept. */
export const extensions = pgTable(
  'extensions',
  {
    ...uuidBase,
    name: text().notNull().unique(),
    /** Of the extension's package.json. Its column cannot be called version: the base has one. */
    release: text(),
    commit: text(),
    state: text({ enum: ['installed', 'uninstalled'] }).notNull(),
  },
  (table) => [check('extensions_state_check', sql`${table.state} in ('installed', 'uninstalled')`)],
);

export const settings = pgTable(
  'settings',
  {
    ...uuidBase,
    owner: text().notNull(),
    key: text().notNull(),
    value: jsonb().notNull(),
  },
  (table) => [unique('settings_owner_key').on(table.owner, table.key)],
);

export const users = pgTable('users', {
  ...uuidBase,
  name: text().notNull().unique(),
  details: jsonb().notNull().default({}),
});
