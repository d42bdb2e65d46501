// Random alterations of a federation's models, migrated up with rows in the tables and down again. Rows say what they said, and the
// dump after the way back is the one from before. Columns are sorted inside of a table: Postgres appends one that comes back.
import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import type { Database } from '../database/contract.ts';
import { openDatabase } from '../database/index.ts';
import { serverKinds, serverOfTests, whyNot } from '../database/testing/index.ts';
import type { Plan } from './contract.ts';
import { startKit } from './kit/kit.ts';
import { randomOf, type Random } from './testing/random.ts';
import { schemaText } from './testing/schema-text.ts';
import { makeScratch } from './testing/scratch.ts';
import {
  alterations,
  copyOf,
  firstWorld,
  sourcesOf,
  type World,
  type WorldColumn,
} from './testing/world.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const steps = 20;
const rowsOfTable = 4;

const kit = startKit();
after(() => kit[Symbol.asyncDispose]());

/** By table and column, whatever they are called now: the values of rows in the order of their ids, as text. */
type Expected = Map<number, Map<number, readonly (string | null)[]>>;

for (const kind of serverKinds) {
  // pg_dump reads servers up to its own version, and takes its time.
  const dumped = kind === 'debian-15';
  const sequences = soak ? 100 : dumped ? 1 : 2;
  test(
    `${sequences} sequences of ${steps} alterations keep what they should and go back, ${kind}`,
    { skip: whyNot(kind) },
    async () => {
      const server = await serverOfTests(kind);
      for (let seed = 1; seed <= sequences; seed += 1)
        try {
          const url = await server.createDatabase();
          await using database = await openDatabase({ at: url });
          const look = dumped ? () => dump(url) : () => schemaText(database);
          await runSequence(database, look, randomOf(seed));
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
    },
  );
}

async function runSequence(
  database: Database,
  look: () => Promise<string>,
  random: Random,
): Promise<void> {
  await using scratch = await makeScratch(database, kit);
  const migrations: { plan: Plan; before: string; world: World }[] = [];
  let world = firstWorld(random);
  await scratch.apply(await scratch.plan(sourcesOf(world)));
  const expected: Expected = new Map();
  await fill(database, world, expected);
  for (let left = steps; left > 0;) {
    const next = copyOf(world);
    next.accept = [];
    const many = Math.min(left, 1 + random.int(4));
    for (let count = 0; count < many; count += 1) while (!random.pick(alterations)(next, random));
    left -= many;
    await makeRoom(database, world, next, expected);
    const before = await look();
    const plan = await scratch.plan(sourcesOf(next), { accept: acceptedUnder(world, next) });
    await scratch.apply(plan);
    migrations.push({ plan, before, world });
    forget(next, expected);
    await check(database, next, expected);
    await fill(database, next, expected);
    world = next;
  }
  for (const { plan, before, world: was } of migrations.toReversed()) {
    await emptyForTheWayBack(database, was, world, expected);
    await scratch.apply(plan, 'down');
    assert.equal(await look(), before);
    await check(database, was, expected);
    world = was;
  }
}

/** Losses are named by what a table is called afterwards; the world notes them as they come. */
function acceptedUnder(was: World, is: World): readonly string[] {
  const accepted = [...is.accept];
  for (const table of was.tables) {
    const now = is.tables.find(({ uid }) => uid === table.uid);
    for (const column of table.columns)
      if (now !== undefined && !now.columns.some(({ uid }) => uid === column.uid))
        accepted.push(`drop public.${now.name}.${column.name}`);
    if (now === undefined) accepted.push(`drop public.${table.name}`);
  }
  return accepted;
}

/** What the developer of a migration would do first: no row without a value where there has to be one. */
async function makeRoom(
  database: Database,
  was: World,
  is: World,
  expected: Expected,
): Promise<void> {
  for (const table of is.tables)
    for (const column of table.columns) {
      const old = was.tables.find(({ uid }) => uid === table.uid)?.columns;
      if (old === undefined || old.some(({ uid }) => uid === column.uid)) continue;
      column.notNull &&= column.default !== undefined;
    }
  for (const table of was.tables)
    for (const column of table.columns) {
      const now = is.tables
        .find(({ uid }) => uid === table.uid)
        ?.columns.find(({ uid }) => uid === column.uid);
      if (now?.notNull !== true || column.notNull) continue;
      const value = column.type === 'enum' ? 'v0' : '7';
      const values = expected.get(table.uid)?.get(column.uid);
      const { rowCount } = await database.query(
        `UPDATE "${table.name}" SET "${column.name}" = '${value}' WHERE "${column.name}" IS NULL`,
      );
      if (rowCount === 0 || values === undefined) continue;
      expected.get(table.uid)?.set(
        column.uid,
        values.map((one) => one ?? value),
      );
      now.distinct = false;
      now.unique = false;
    }
}

async function fill(database: Database, world: World, expected: Expected): Promise<void> {
  for (const table of world.tables) {
    if (expected.has(table.uid)) continue;
    const rows = Array.from({ length: rowsOfTable }, (_, row) => row + 1);
    for (const row of rows) {
      const names = table.columns.map(({ name }) => `, "${name}"`).join('');
      const values = table.columns.map((column) => `, ${literal(first(column, row))}`).join('');
      await database.query(
        `INSERT INTO "${table.name}" (id${names}) VALUES ('00000000-0000-7000-8000-${`${row}`.padStart(12, '0')}'${values})`,
      );
    }
    expected.set(
      table.uid,
      new Map(table.columns.map((column) => [column.uid, rows.map((row) => first(column, row))])),
    );
  }
  // What the migration put into new columns is to stay as well.
  for (const table of world.tables)
    for (const column of table.columns)
      if (expected.get(table.uid)?.has(column.uid) === false)
        expected.get(table.uid)?.set(column.uid, await valuesOf(database, table.name, column.name));
}

function first({ type, uid, default: value }: WorldColumn, row: number): string | null {
  if (type === 'reference') return null;
  if (type === 'enum') return value ?? null;
  return `${uid * 100 + row}`;
}

function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value}'`;
}

async function valuesOf(
  database: Database,
  table: string,
  column: string,
): Promise<readonly (string | null)[]> {
  const { rows } = await database.query<{ value: string | null }>(
    `SELECT "${column}"::text AS value FROM "${table}" ORDER BY id`,
  );
  return rows.map(({ value }) => value);
}

/** What was dropped is not expected back. */
function forget(world: World, expected: Expected): void {
  for (const [uid, columns] of expected) {
    const table = world.tables.find((one) => one.uid === uid);
    if (table === undefined) expected.set(uid, new Map());
    else
      for (const column of columns.keys())
        if (!table.columns.some((one) => one.uid === column)) columns.delete(column);
  }
}

async function check(database: Database, world: World, expected: Expected): Promise<void> {
  for (const table of world.tables)
    for (const [uid, values] of expected.get(table.uid) ?? []) {
      const column = table.columns.find((one) => one.uid === uid);
      if (column === undefined) continue;
      assert.deepEqual(
        await valuesOf(database, table.name, column.name),
        values,
        `${table.name}.${column.name}`,
      );
    }
}

/**
 * Where the way back cannot succeed on the rows that are there, they go first: a column comes back without a value for them, or with
 * one for all that has to be unique; or becomes NOT NULL again, and came back empty on an earlier step.
 */
async function emptyForTheWayBack(
  database: Database,
  was: World,
  is: World,
  expected: Expected,
): Promise<void> {
  for (const table of was.tables) {
    const now = is.tables.find(({ uid }) => uid === table.uid);
    if (now === undefined) continue;
    let inTheWay = false;
    for (const column of table.columns) {
      const same = now.columns.find(({ uid }) => uid === column.uid);
      if (same === undefined) inTheWay ||= column.notNull || column.unique;
      else if (column.notNull && !same.notNull)
        inTheWay ||= (await valuesOf(database, now.name, same.name)).includes(null);
    }
    if (!inTheWay) continue;
    await database.query(`DELETE FROM "${now.name}"`);
    const columns = expected.get(table.uid);
    for (const uid of columns?.keys() ?? []) columns?.set(uid, []);
  }
}

async function dump(url: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'pg_dump',
    ['--schema-only', '--no-owner', '--dbname', url],
    { maxBuffer: 64 << 20 },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('--') && !line.startsWith('\\'))
    .join('\n')
    .replaceAll(
      /(CREATE TABLE [^(]*\(\n)(.*?)(\n\);)/gs,
      (_, head: string, columns: string, tail: string) =>
        head + columns.split(',\n').toSorted().join(',\n') + tail,
    );
}
