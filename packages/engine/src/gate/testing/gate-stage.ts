// A project for tests of the gate: real repositories, and databases that are tables in memory.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestOf, failure, systemClock, type Digest } from '@stillpoint/core';
import type { EngineContext } from '../../context.ts';
import { openHistory } from '../../federation/index.ts';
import { gitEnvironment, runGit } from '../../federation/testing/tree-state.ts';
import { openProjectState, type ProjectState } from '../../project/index.ts';
import { createCatalogue } from '../../snapshot/index.ts';
import { createMemoryDriver, createMemoryWorld } from '../../sources/memory.ts';
import type { DatabaseView, SourceDriver } from '../../sources/contract.ts';
import { createMemoryStore, createVault } from '../../vault/index.ts';

type Row = Readonly<Record<string, string | null>>;

/** A database in memory: its ledgers by table name, `schema.name` where it has a schema. */
export interface MemoryDatabase {
  readonly source: string;
  readonly engine: DatabaseView['engine'];
  readonly tables: Map<string, Row[]>;
  schema: Digest;
  stamp: string | undefined;
  readOnly: boolean;
}

export interface GateStage extends AsyncDisposable {
  readonly directory: string;
  readonly engine: EngineContext;
  readonly state: ProjectState;
  git(member: string, ...args: string[]): string;
  /** Writes the files, and commits them with everything else there; the commit's id. */
  commit(member: string, files: Readonly<Record<string, string>>): Promise<string>;
  write(member: string, files: Readonly<Record<string, string>>): Promise<void>;
}

export function createMemoryDatabase(
  source: string,
  engine: DatabaseView['engine'] = 'postgres',
): MemoryDatabase {
  const schema = digestOf(Buffer.from('schema'));
  return { source, engine, tables: new Map(), schema, stamp: undefined, readOnly: false };
}

export async function createGateStage(
  members: readonly string[],
  databases: readonly MemoryDatabase[],
): Promise<GateStage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-gate-'));
  const state = await openProjectState({ projectDirectory: directory, clock: systemClock });
  const vault = await createVault(createMemoryStore(), { clock: systemClock });
  const place = (member: string): string => path.join(directory, member);
  for (const member of members) {
    await mkdir(place(member), { recursive: true });
    runGit(place(member), 'init', '-q', '-b', 'main');
  }
  const engine: EngineContext = {
    config: {
      projectDirectory: directory,
      members: members.map((member) => ({ path: member, include: [] })),
      sources: [],
      participants: [],
      freeze: { budgetMs: 2000, lockKey: 1n },
      vault: { place: { kind: 'directory', directory: '/nowhere' } },
    },
    state,
    vault,
    catalogue: createCatalogue(vault),
    clock: systemClock,
    drivers: databases.map(driverOf),
    participants: [],
    driversFor: () => new Map(),
    referencesOf: () => {
      throw new TypeError('nothing is captured here');
    },
    openHistory: (member, signal) =>
      openHistory({ projectDirectory: directory, member, environment: gitEnvironment }, signal),
    version: 'test',
    crashPoint: () => {},
  };
  const write: GateStage['write'] = async (member, files) => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(place(member), name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  };
  return {
    directory,
    engine,
    state,
    write,
    git: (member, ...args) => runGit(place(member), ...args).trim(),
    async commit(member, files) {
      await write(member, files);
      runGit(place(member), 'add', '-A', '.');
      runGit(place(member), 'commit', '-qm', Object.keys(files).join(' '));
      return runGit(place(member), 'rev-parse', 'HEAD').trim();
    },
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function driverOf(database: MemoryDatabase): SourceDriver {
  const driver = createMemoryDriver(database.source, createMemoryWorld());
  return {
    ...driver,
    database: {
      async live() {
        return { databases: [viewOf(database)], async [Symbol.asyncDispose]() {} };
      },
      async captured() {
        throw new TypeError('the gate looks at what is live');
      },
    },
  };
}

function viewOf(database: MemoryDatabase): DatabaseView {
  const keyOf = (schema: string | null, name: string): string =>
    schema === null ? name : `${schema}.${name}`;
  return {
    name: 'app',
    engine: database.engine,
    schemaDigest: async () => database.schema,
    tables: async () =>
      [...database.tables.keys()]
        .filter((key) => !key.startsWith('stillpoint.'))
        .map((key) => {
          const [name = '', schema] = key.split('.').toReversed();
          return { schema: schema ?? null, name, columns: [], indexes: [], key: [], bytes: null };
        }),
    countRows: async ({ schema, name }) => database.tables.get(keyOf(schema, name))?.length ?? 0,
    async *rows() {},
    async readAll({ schema, name }, columns) {
      const rows = database.tables.get(keyOf(schema, name));
      const complete = rows?.every((row) => columns.every((column) => Object.hasOwn(row, column)));
      return complete === true ? rows : undefined;
    },
    readStamp: async () => database.stamp,
    async writeStamp(stamp) {
      if (database.readOnly) {
        throw failure('STAMP_NOT_WRITABLE', { database: 'app', reason: 'it is read-only' });
      }
      database.stamp = stamp;
    },
  };
}
