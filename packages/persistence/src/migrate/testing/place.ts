// A database, a directory for files, and extensions that change: what the tests of applying migrate, take back and look at.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Database } from '../../database/contract.ts';
import { openTestDatabase, type ServerKind } from '../../database/testing/index.ts';
import { loadFederation } from '../../registry/index.ts';
import { makeMembers } from '../../registry/testing/members.ts';
import type { MigrateOptions, MigrateOutcome } from '../applying.ts';
import { startKit, type Kit } from '../kit/kit.ts';
import { migrate } from '../migrate.ts';
import { planWith } from '../plan.ts';
import type { Sources } from './scratch.ts';

let kit: Kit | undefined;

/** One planner for a test file. Ended by endPlanner() after its last test. */
const plan: NonNullable<MigrateOptions['plan']> = async (options) =>
  await planWith((kit ??= startKit()), options);

export async function endPlanner(): Promise<void> {
  await kit?.[Symbol.asyncDispose]();
}

export interface Place {
  readonly database: Database;
  readonly url: string;
  readonly directory: string;
  /** The directories of members with these extensions. */
  members(sources: Sources): Promise<readonly string[]>;
  options(sources: Sources, more?: Partial<MigrateOptions>): Promise<MigrateOptions>;
  migrate(sources: Sources, more?: Partial<MigrateOptions>): Promise<MigrateOutcome>;
}

export async function makePlace(
  t: TestContext,
  { kind = 'embedded-18', lent }: { readonly kind?: ServerKind; readonly lent?: Database } = {},
): Promise<Place> {
  const opened = lent === undefined ? await openTestDatabase(t, { kind }) : undefined;
  const database = lent ?? opened!.database;
  const root = await mkdtemp(path.join(tmpdir(), 'stillpoint-migrate-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const members = await makeMembers();
  t.after(() => members[Symbol.asyncDispose]());
  const directory = path.join(root, 'stillpoint', 'migrations');
  const options: Place['options'] = async (sources, more = {}) => ({
    database,
    directory,
    parts: [],
    federation: await loadFederation(await members.addAll(sources)),
    plan,
    ...more,
  });
  return {
    database,
    url: opened?.url ?? '',
    directory,
    members: (sources) => members.addAll(sources),
    options,
    migrate: async (sources, more) => await migrate(await options(sources, more)),
  };
}

/** An extension with one table of its name. */
export function notes(columns: string, more = ''): string {
  return `const notes = pgTable('notes', { ...uuidBase, ${columns} }, (table) => [index('notes_created').on(table.created)]);
    export default defineExtension({ name: 'notes', models: [notes], ${more} });`;
}

export async function ledgerOf({ database }: Place): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(
    'SELECT name FROM stillpoint.migrations ORDER BY name',
  );
  return rows.map(({ name }) => name);
}

export async function columnsOf({ database }: Place, table = 'notes'): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT attname::text AS name FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  return rows.map(({ name }) => name).filter((name) => !base.includes(name));
}

const base: readonly string[] = ['id', 'created', 'updated', 'version'];
