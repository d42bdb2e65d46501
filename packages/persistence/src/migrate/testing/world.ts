// A small federation that alters itself at random, together with what its rows should say: for asking whether a migration keeps data.
// It only makes alterations that Postgres can do on the rows that are there; what it drops or narrows it says yes to.
import type { Random } from './random.ts';
import type { Sources } from './scratch.ts';

export interface WorldColumn {
  /** Stays through renames. */
  readonly uid: number;
  name: string;
  type: 'text' | 'integer' | 'bigint' | 'varchar' | 'enum' | 'reference';
  notNull: boolean;
  default: string | undefined;
  unique: boolean;
  index: boolean;
  /** Of a reference: the table it points to, and whether there is a foreign key. */
  target: number | undefined;
  foreignKey: boolean;
  /** All rows have different values: it may become unique. */
  distinct: boolean;
}

export interface WorldTable {
  readonly uid: number;
  readonly owner: string;
  name: string;
  columns: WorldColumn[];
}

export interface World {
  tables: WorldTable[];
  values: string[];
  /** Each owner's log. */
  renames: Record<string, string[]>;
  accept: string[];
  nextUid: number;
}

export const owners = ['one', 'two'] as const;

export function firstWorld(random: Random): World {
  const world: World = {
    tables: [],
    values: ['v0', 'v1', 'v2'],
    renames: { one: [], two: [] },
    accept: [],
    nextUid: 1,
  };
  for (let count = 0; count < 3; count += 1) addTable(world, random);
  return world;
}

export function copyOf(world: World): World {
  return structuredClone(world);
}

type Alteration = (world: World, random: Random) => boolean;

function column(world: World, type: WorldColumn['type']): WorldColumn {
  const uid = world.nextUid;
  world.nextUid += 1;
  return {
    uid,
    name: `c${uid}`,
    type,
    notNull: false,
    default: undefined,
    unique: false,
    index: false,
    target: undefined,
    foreignKey: false,
    distinct: false,
  };
}

const plainTypes = ['text', 'integer', 'bigint', 'varchar'] as const;

function addTable(world: World, random: Random): boolean {
  const uid = world.nextUid;
  world.nextUid += 1;
  const columns = [1, 2, 3].map(() => ({
    ...column(world, random.pick(plainTypes)),
    distinct: true,
    notNull: random.int(2) === 0,
  }));
  world.tables.push({ uid, owner: random.pick(owners), name: `t${uid}`, columns });
  return true;
}

/** Nothing refers to it with a foreign key: the others would have to change too. */
function dropTable(world: World, random: Random): boolean {
  if (world.tables.length < 3) return false;
  const table = random.pick(world.tables);
  for (const one of world.tables)
    for (const other of one.columns) if (other.target === table.uid) other.foreignKey = false;
  world.tables = world.tables.filter((one) => one !== table);
  world.accept.push(`drop public.${table.name}`);
  return true;
}

function renameTable(world: World, random: Random): boolean {
  const table = random.pick(world.tables);
  const to = `t${world.nextUid}`;
  world.nextUid += 1;
  world.renames[table.owner]?.push(`{ kind: 'table', from: '${table.name}', to: 'public.${to}' }`);
  table.name = to;
  return true;
}

function addColumn(world: World, random: Random): boolean {
  const table = random.pick(world.tables);
  const added = column(world, random.pick([...plainTypes, 'enum']));
  if (random.int(2) === 0) {
    added.default = defaultFor(added, world, random);
    added.notNull = random.int(2) === 0;
  }
  table.columns.push(added);
  return true;
}

function dropColumn(world: World, random: Random): boolean {
  const table = random.pick(world.tables);
  if (table.columns.length < 2) return false;
  const gone = random.pick(table.columns);
  table.columns = table.columns.filter((one) => one !== gone);
  world.accept.push(`drop public.${table.name}.${gone.name}`);
  return true;
}

function renameColumn(world: World, random: Random): boolean {
  const table = random.pick(world.tables);
  const renamed = random.pick(table.columns);
  const to = `c${world.nextUid}`;
  world.nextUid += 1;
  world.renames[table.owner]?.push(
    `{ kind: 'column', table: '${table.name}', from: '${renamed.name}', to: '${to}' }`,
  );
  renamed.name = to;
  return true;
}

function changeType(world: World, random: Random): boolean {
  const table = random.pick(world.tables);
  const changed = random.pick(table.columns);
  // All values are digits, so that each cast works there and back.
  if (changed.type === 'enum' || changed.type === 'reference') return false;
  changed.type = random.pick(plainTypes);
  if (changed.default !== undefined) changed.default = defaultFor(changed, world, random);
  return true;
}

function toggleNotNull(world: World, random: Random): boolean {
  const changed = random.pick(random.pick(world.tables).columns);
  if (changed.type === 'reference') return false;
  changed.notNull = !changed.notNull;
  return true;
}

function changeDefault(world: World, random: Random): boolean {
  const changed = random.pick(random.pick(world.tables).columns);
  if (changed.type === 'reference') return false;
  changed.default = random.int(3) === 0 ? undefined : defaultFor(changed, world, random);
  return true;
}

function toggleIndex(world: World, random: Random): boolean {
  const changed = random.pick(random.pick(world.tables).columns);
  changed.index = !changed.index;
  return true;
}

function toggleUnique(world: World, random: Random): boolean {
  const changed = random.pick(random.pick(world.tables).columns);
  if (!changed.distinct && !changed.unique) return false;
  changed.unique = !changed.unique;
  return true;
}

function addReference(world: World, random: Random): boolean {
  const added = column(world, 'reference');
  added.target = random.pick(world.tables).uid;
  added.foreignKey = true;
  random.pick(world.tables).columns.push(added);
  return true;
}

function toggleForeignKey(world: World, random: Random): boolean {
  const references = world.tables
    .flatMap(({ columns }) => columns)
    .filter(({ target }) => world.tables.some(({ uid }) => uid === target));
  if (references.length === 0) return false;
  const changed = random.pick(references);
  changed.foreignKey = !changed.foreignKey;
  return true;
}

function addValue(world: World, random: Random): boolean {
  const value = `v${world.nextUid}`;
  world.nextUid += 1;
  world.values.splice(random.int(world.values.length + 1), 0, value);
  return true;
}

export const alterations: readonly Alteration[] = [
  addTable, dropTable, renameTable, addColumn, addColumn, dropColumn, renameColumn, changeType, toggleNotNull, changeDefault,
  toggleIndex, toggleUnique, addReference, toggleForeignKey, addValue,
]; // prettier-ignore

function defaultFor({ type }: WorldColumn, world: World, random: Random): string {
  if (type === 'enum') return random.pick(world.values);
  return `${random.int(1000)}`;
}

/** What the extensions' files say. */
export function sourcesOf(world: World): Sources {
  const models = `
    export const feeling = pgEnum('feeling', [${world.values.map((value) => `'${value}'`).join(', ')}]);
    ${world.tables.map((table) => tableSource(table, world)).join('\n')}`;
  return {
    models: `${models}\nexport default defineExtension({ name: 'models' });`,
    ...Object.fromEntries(
      owners.map((owner) => {
        const own = world.tables.filter((table) => table.owner === owner);
        return [
          owner,
          `import * as all from '../models/stillpoint.extension.ts';
           export default defineExtension({ name: '${owner}', models: [${own.map(({ uid }) => `all.table${uid}`).join(', ')}],
             renames: [${world.renames[owner]?.join(', ')}] });`,
        ];
      }),
    ),
  };
}

function tableSource(table: WorldTable, world: World): string {
  const columns = table.columns.map((one) => `${one.name}: ${columnSource(one, world)}`).join(', ');
  const indexes = table.columns
    .filter((one) => one.index)
    .map(({ name }) => `index().on(t.${name})`);
  return `export const table${table.uid} = pgTable('${table.name}', { ...uuidBase, ${columns} }, (t) => [${indexes.join(', ')}]);`;
}

function columnSource(one: WorldColumn, world: World): string {
  const types = {
    text: 'text()',
    integer: 'integer()',
    bigint: `pg.bigint({ mode: 'number' })`,
    varchar: 'pg.varchar({ length: 200 })',
    enum: 'feeling()',
    reference: 'uuid()',
  };
  const number = one.type === 'integer' || one.type === 'bigint';
  const value = number ? one.default : `'${one.default}'`;
  const target = world.tables.find(({ uid }) => uid === one.target);
  return [
    types[one.type],
    one.notNull ? '.notNull()' : '',
    one.default === undefined ? '' : `.default(${value})`,
    one.unique ? '.unique()' : '',
    one.foreignKey && target !== undefined
      ? `.references((): pg.AnyPgColumn => table${target.uid}.id)`
      : '',
  ].join('');
}
