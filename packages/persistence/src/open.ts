// The composition root of an application: opens its database, refuses one that is not set up for this code, and makes each room when it is
// first asked for.
import { failure } from '@stillpoint/core';
import { appRoleName, refuseUnready } from './chambers/index.ts';
import type { Database, OpenDatabaseOptions } from './database/contract.ts';
import { DEFAULT_FREEZE_LOCK_KEY, openDatabase } from './database/index.ts';
import { createDocuments, type Documents } from './documents/index.ts';
import { createMemory, type Embedder, type Memory, type MemoryOptions } from './memory/index.ts';
import { libraryParts } from './parts.ts';
import { createQueue, type Queue } from './queue/index.ts';
import { settingsOf, type Settings } from './registry/index.ts';
import { createFrozenTraces, type FrozenTraces } from './frozen-traces.ts';
import type { Traces, TracesOptions } from './traces/index.ts';
import { createVerbatim, type Verbatim } from './verbatim/index.ts';

/** Rooms are made at the first call, and are the same ones afterwards. */
export interface Persistence extends AsyncDisposable {
  readonly database: Database;
  queue(): Promise<Queue>;
  verbatim(): Promise<Verbatim>;
  /** Needs `embedder`. */
  memory(): Promise<Memory>;
  traces(): Promise<Traces>;
  /** States of runs. */
  documents(): Promise<Documents>;
  /** `owner`: the name of the extension. */
  settings(owner: string): Settings;
}

interface CommonOptions {
  /** STILLPOINT_LOCK_KEY as it is in the environment; that of every project unless told. */
  readonly freezeLockKey?: bigint | string | undefined;
  /** The role that statements run as. The application's unless told, if who connects may act as it. */
  readonly role?: string;
  readonly connections?: number;
  readonly applicationName?: string;
  /** Makes what memory searches by. */
  readonly embedder?: Embedder;
  /** How memory searches; by what the server has unless told. */
  readonly memory?: Pick<MemoryOptions, 'index' | 'scanMemoryBytes'>;
  readonly traces?: TracesOptions;
  /** What goes wrong beside a caller, and is tried again. */
  readonly onError?: (error: unknown) => void;
}

export type PersistenceOptions = CommonOptions &
  (
    | {
        /** DATABASE_URL as it is in the environment. */
        readonly url: string | undefined;
        readonly pglite?: never;
      }
    | {
        /** A PGlite that the caller made and keeps: for tests, and for programs of one process. */
        readonly pglite: object;
        readonly url?: never;
      }
  );

/**
 * Opens what `stillpoint migrate` has set up. Rejects with DAEMON_DATABASE_UNNAMED, DAEMON_NOT_MIGRATED, DAEMON_RIGHT_MISSING, CHAMBER_TOO_NEW and the
 * DATABASE_ codes. Dispose it: workers end, what is under way is written, connections are closed.
 */
export async function openPersistence(options: PersistenceOptions): Promise<Persistence> {
  const common = databaseOptions(options);
  const role = options.role ?? (await findRole(common));
  await using opening = new AsyncDisposableStack();
  const database = opening.use(
    await openDatabase({ ...common, ...(role === undefined ? {} : { role }) }),
  );
  await refuseUnready(database, libraryParts, database.facts);
  const { freezeLockKey } = common;
  const { embedder, onError } = options;
  const told = onError === undefined ? {} : { onError };
  const rooms = opening.use(new AsyncDisposableStack());
  const room = <T>(
    make: () => Promise<T>,
    end?: (room: T) => PromiseLike<void>,
  ): (() => Promise<T>) => lazily(rooms, make, end);
  const verbatim = room(() => createVerbatim(database));
  let spans: FrozenTraces | undefined;
  const tracing = room(
    async () =>
      (spans = await createFrozenTraces(database, {
        ...told,
        ...options.traces,
        freezeLockKey,
      })),
    (made) => made.end(),
  );
  /** Of the jobs that a freeze waited for: they may not wait for their turn after it. */
  const flushSpans = async (): Promise<void> => await spans?.flush();
  const opened = opening.move();
  return {
    database,
    queue: room(
      () => createQueue(database, { freezeLockKey, beforeStill: flushSpans, ...told }),
      (queue) => queue[Symbol.asyncDispose](),
    ),
    verbatim,
    memory: room(async () => {
      if (embedder === undefined) throw new TypeError('memory needs openPersistence({ embedder })');
      return await createMemory(database, {
        ...options.memory,
        embedder,
        verbatim: await verbatim(),
      });
    }),
    traces: async () => (await tracing()).traces,
    documents: room(() => createDocuments(database)),
    settings: settingsOf,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type ReadyOptions = OpenDatabaseOptions & { readonly freezeLockKey: bigint };

function databaseOptions(options: PersistenceOptions): ReadyOptions {
  const { url, pglite, freezeLockKey = DEFAULT_FREEZE_LOCK_KEY, connections } = options;
  const at = pglite ?? url;
  if (at === undefined || at === '') throw failure('DAEMON_DATABASE_UNNAMED', {});
  return {
    at,
    freezeLockKey: BigInt(freezeLockKey),
    applicationName: options.applicationName ?? 'stillpoint daemon',
    ...(connections === undefined ? {} : { connections }),
  };
}

/** Who owns the tables could change facts: it works with the rights of an application, like everybody else. */
async function findRole(options: ReadyOptions): Promise<string | undefined> {
  await using database = await openDatabase({ ...options, connections: 1 });
  const { database: name, version } = database.facts;
  const role = appRoleName(name);
  // From 16 on a member may have the rights of a role and not act as it: then they are his as he is.
  const { rows } = await database.query<{ readonly may: boolean }>(
    `SELECT pg_catalog.pg_has_role(current_user, oid, $2) AS may
     FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [role, version >= 160_000 ? 'SET' : 'MEMBER'],
  );
  return rows[0]?.may === true ? role : undefined;
}

/** One that could not be made is tried again by the next call. */
function lazily<T>(
  rooms: AsyncDisposableStack,
  make: () => Promise<T>,
  end: (room: T) => PromiseLike<void> = async () => {},
): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made !== undefined) return made;
    const making = make();
    made = making;
    // The caller is told why; here it is only forgotten.
    const ended = making.then(
      (room) => () => end(room),
      () => void (made = undefined),
    );
    rooms.defer(async () => await (await ended)?.());
    return making;
  };
}
