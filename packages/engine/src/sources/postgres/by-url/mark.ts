// The mark: a transaction that sees the rows of one moment for as long as it is open, given a name that pg_dump can share, and
// the values of the sequences just after. Everything that takes time is done in open(): connections, digest, planning.
//
// A transaction's snapshot covers rows, not files and not definitions: TRUNCATE and a rewriting ALTER TABLE empty a table for
// everybody who looks from before, and pg_dump reads many definitions as they are now. So hold() locks every table, as
// pg_dump does, and then looks whether any definition has changed since the mark. From then on no table can.
import { failure, type Digest } from '@stillpoint/core';
import type { Client } from 'pg';
import {
  catalogFingerprint,
  digestOfSchema,
  readSchema,
  type SchemaObject,
} from '../schema-digest.ts';
import {
  qualified,
  readDatabaseFacts,
  readExtensions,
  readRoles,
  readTableNames,
  type TableName,
} from './facts.ts';
import type { DatabaseFacts, SequenceValue, UrlRecord } from './record.ts';
import { prepareSequences } from './sequences.ts';
import type { UrlServer } from './server.ts';

export interface Marked {
  /** For `pg_dump --snapshot`; valid while the marker is. */
  readonly exported: string;
  readonly sequences: readonly SequenceValue[];
}

export interface Held {
  readonly database: DatabaseFacts;
  readonly roles: UrlRecord['roles'];
  readonly extensions: UrlRecord['extensions'];
  readonly tables: readonly TableName[];
}

export interface Schema {
  readonly digest: Digest;
  readonly objects: readonly SchemaObject[];
}

export interface Marker extends AsyncDisposable {
  /** What pg_dump needs of ~/.pgpass too. */
  readonly password: string | undefined;
  mark(signal: AbortSignal): Promise<Marked>;
  /** After mark(), outside the freeze, before anything is read. POSTGRES_SCHEMA_MOVED. */
  hold(): Promise<Held>;
  /** After the dump: the schema at the mark; undefined if definitions changed while they were read. */
  schema(): Promise<Schema | undefined>;
}

const OPEN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot() AS id';

export async function openMarker(server: UrlServer, signal: AbortSignal): Promise<Marker> {
  await using stack = new AsyncDisposableStack();
  const connect = async (): Promise<Client> => {
    const client = await server.connect({ applicationName: 'stillpoint mark', signal });
    stack.defer(() => client.end().catch(() => {}));
    return client;
  };
  const rows = await connect();
  const beside = await connect();
  const { database } = await server.address();
  // Fingerprint first: a change during the reading then shows as a difference later.
  const before = await catalogFingerprint(beside);
  const objects = await readSchema(beside);
  const sequences = await prepareSequences(beside);
  await sequences.read();
  await rows.query(`${OPEN}; ROLLBACK`);
  const resources = stack.move();

  let atMark = '';
  return {
    password: rows.password,
    mark: (freezeSignal) =>
      endingWith(freezeSignal, [rows, beside], async () => {
        const results = (await rows.query(OPEN)) as unknown as { rows: { id: string }[] }[];
        return { exported: results[1]!.rows[0]!.id, sequences: await sequences.read() };
      }),
    hold: () =>
      endingWith(signal, [rows, beside], async () => {
        atMark = await catalogFingerprint(rows);
        const tables = await readTableNames(rows);
        await lockTables(rows, tables);
        if ((await catalogFingerprint(beside)) !== atMark) throw moved();
        const found = await readDatabaseFacts(rows, database);
        if (found === undefined) throw moved();
        const roles = [...(await readRoles(rows))];
        const extensions = [...(await readExtensions(rows))];
        return { database: found, roles, extensions, tables };
      }),
    async schema() {
      const late = before === atMark ? objects : await readSchema(beside).catch(() => undefined);
      if (late === undefined || (await catalogFingerprint(beside)) !== atMark) return undefined;
      return { digest: digestOfSchema(late), objects: late };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** All at once: waiting for one that somebody alters is no harm, for the freeze is over. */
async function lockTables(client: Client, tables: readonly TableName[]): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map((table) => `ONLY ${qualified(table)}`).join(', ');
  try {
    await client.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
  } catch (error) {
    // Undefined table or schema: dropped or renamed since the mark.
    if (['42P01', '3F000'].includes((error as { code?: string }).code ?? '')) throw moved(error);
    throw error;
  }
}

function moved(cause?: unknown): Error {
  return failure('POSTGRES_SCHEMA_MOVED', {}, cause);
}

/** Ends the sessions on the signal: an answer that never comes is not waited for. */
async function endingWith<T>(
  signal: AbortSignal,
  clients: readonly Client[],
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const abort = (): void => clients.forEach((client) => client.connection.stream.destroy());
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as { code?: string; message?: string };
    if (code === 'POSTGRES_SCHEMA_MOVED') throw error;
    // A sequence that was dropped since it was planned.
    if (code === '42P01') throw moved(error);
    throw failure('POSTGRES_SNAPSHOT_LOST', { reason: message ?? String(error) }, error);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
