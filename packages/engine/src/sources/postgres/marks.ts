// The mark: a named restore point that is flushed when the statement returns, and, around it, the proof that the schema
// read before the freeze is still the one at the mark. Everything that takes time is done in open(): connections, the
// digests, planning. In the freeze there are three short round trips, whatever the size of the data.
import { failure, isFailure, type SnapshotId } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import type { Cluster } from './cluster/contract.ts';
import { readDatabaseNames, readDatabases, type DatabaseState } from './facts.ts';
import { parseLsn, type Lsn } from './lsn.ts';
import type { DatabaseFacts } from './record.ts';
import {
  listSequences,
  prepareSequences,
  readSequences,
  type DatabaseSequences,
} from './sequences.ts';
import { catalogFingerprint, schemaDigest, settleSession } from './schema-digest.ts';

export interface Mark {
  readonly name: string;
  /** End of the restore point's record; flushed. */
  readonly lsn: Lsn;
}

export interface Marker extends AsyncDisposable {
  mark(signal: AbortSignal): Promise<Mark>;
  /** After mark(): what the databases were at it. */
  describe(): Promise<Described>;
}

export interface Described {
  readonly databases: readonly DatabaseFacts[];
  /** Without databases whose sequences could not be read in time. */
  readonly sequences: readonly DatabaseSequences[];
}

/** One database: a transaction that saw the catalogs just before the mark, and one that saw them just after. */
interface Watcher {
  readonly state: DatabaseState;
  readonly before: Client;
  readonly after: Client;
  readonly fingerprint: string;
  readonly digest: string;
  readonly sequences: readonly number[];
}

/** Each takes two sessions; of further databases the schema is not known. */
const DATABASES_WATCHED_MOST = 16;

const OPEN_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1';

export async function openMarker(
  cluster: Cluster,
  snapshot: SnapshotId,
  signal: AbortSignal,
): Promise<Marker> {
  await using stack = new AsyncDisposableStack();
  const connect = async (database: string | undefined): Promise<Client> => {
    const client = await cluster.connect({
      ...(database === undefined ? {} : { database }),
      applicationName: 'stillpoint mark',
      signal,
    });
    client.on('error', () => {});
    stack.defer(() => client.end().catch(() => {}));
    await settleSession(client);
    return client;
  };
  const control = await connect(undefined);
  await control.query('SET synchronous_commit = on');
  const watchers: Watcher[] = [];
  for (const state of await readDatabases(control)) {
    if (watchers.length < DATABASES_WATCHED_MOST) {
      watchers.push(...(await tryWatch(state, () => connect(state.name))));
    }
  }
  // Unique for ever: recovery stops at the first restore point of this name.
  const name = `stillpoint-${snapshot}-${randomBytes(4).toString('hex')}`;
  await control.query(
    `PREPARE stillpoint_mark AS SELECT pg_create_restore_point($1)::text AS lsn, pg_current_xact_id()`,
  );
  await warmUp(control, watchers);
  const resources = stack.move();
  let sequences: readonly (DatabaseSequences | undefined)[] = [];
  const all = [control, ...watchers.flatMap(({ before, after }) => [before, after])];
  return {
    async mark(freezeSignal) {
      const abort = (): void => {
        for (const client of all) client.connection.stream.destroy();
      };
      freezeSignal.throwIfAborted();
      freezeSignal.addEventListener('abort', abort, { once: true });
      try {
        await allSettledThenAll(watchers.map(({ before }) => before.query(OPEN_SNAPSHOT)));
        // An implicit transaction with a transaction id: its commit waits until the WAL, restore point included, is flushed.
        const { rows } = await control.query<{ lsn: string }>(`EXECUTE stillpoint_mark('${name}')`);
        sequences = await allSettledThenAll(watchers.map((watcher) => closeMoment(watcher)));
        return { name, lsn: parseLsn(rows[0]!.lsn) };
      } catch (error) {
        freezeSignal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        throw failure('POSTGRES_MARK_FAILED', { reason }, error);
      } finally {
        freezeSignal.removeEventListener('abort', abort);
      }
    },
    async describe() {
      const listed = await listedAtMark(watchers);
      const watched = await allSettledThenAll(watchers.map((watcher) => describe(watcher)));
      const databases = listed.map(
        (facts) => watched.find(({ name }) => name === facts.name) ?? facts,
      );
      return { databases, sequences: sequences.filter((one) => one !== undefined) };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Everything the freeze will do, once, so that it meets warm caches, and a log that is flushed already. */
async function warmUp(control: Client, watchers: readonly Watcher[]): Promise<void> {
  for (const { before, after, sequences } of watchers) {
    await before.query(`${OPEN_SNAPSHOT}; ROLLBACK`);
    await readSequences(after, sequences);
    await after.query(`${OPEN_SNAPSHOT}; ROLLBACK`);
  }
  await control.query(`EXECUTE stillpoint_mark('stillpoint-warm-up')`);
}

/** None if it cannot be connected to: dropped meanwhile, or the application has taken every session. */
async function tryWatch(
  state: DatabaseState,
  connect: () => Promise<Client>,
): Promise<readonly Watcher[]> {
  try {
    return [await watch(state, connect)];
  } catch (error) {
    if (isFailure(error, 'POSTGRES_UNREACHABLE')) return [];
    throw error;
  }
}

async function watch(state: DatabaseState, connect: () => Promise<Client>): Promise<Watcher> {
  const before = await connect();
  const after = await connect();
  // Fingerprint first: a change during the digest then shows as a difference later, and the digest is not trusted.
  const fingerprint = await catalogFingerprint(before);
  const digest = await schemaDigest(before);
  const sequences = await listSequences(before);
  await prepareSequences(after, sequences);
  return { state, before, after, fingerprint, digest, sequences };
}

/** Just after the restore point: what its sequences are, and what its catalogs are. */
async function closeMoment({
  state,
  after,
  sequences,
}: Watcher): Promise<DatabaseSequences | undefined> {
  const values = await readSequences(after, sequences);
  await after.query(OPEN_SNAPSHOT);
  return values === undefined ? undefined : { database: state.name, values };
}

/** Databases that were there before and after the mark; one made or dropped just then is left out. */
async function listedAtMark([first]: readonly Watcher[]): Promise<readonly DatabaseFacts[]> {
  if (first === undefined) return [];
  const before = await readDatabaseNames(first.before);
  const after = new Set((await readDatabaseNames(first.after)).map(({ name }) => name));
  return before
    .filter(({ name }) => after.has(name))
    .map(({ name, collationVersion }) => ({ name, collationVersion, schemaDigest: null }));
}

async function describe({
  state,
  before,
  after,
  fingerprint,
  digest,
}: Watcher): Promise<DatabaseFacts> {
  const { name, collationVersion } = state;
  const [atMark, afterMark] = await allSettledThenAll([
    catalogFingerprint(before),
    catalogFingerprint(after),
  ]);
  if (atMark !== afterMark) return { name, collationVersion, schemaDigest: null };
  if (atMark === fingerprint) return { name, collationVersion, schemaDigest: digest };
  // The schema changed between begin and mark. Read it now; it counts if it has not changed since the mark. What was
  // dropped meanwhile makes the reading fail: then it has changed.
  const late = await schemaDigest(before).catch(() => null);
  await after.query('COMMIT');
  const now = await catalogFingerprint(after);
  return { name, collationVersion, schemaDigest: now === atMark ? late : null };
}

async function allSettledThenAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
