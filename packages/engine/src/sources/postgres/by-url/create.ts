// A new database of ours beside the live one, filled from a dump. Whatever fails, it is dropped again; whatever dies, it says
// in its comment that it may be.
import { failure } from '@stillpoint/core';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import type { PrepareOptions } from '../../contract.ts';
import { withClient } from '../session.ts';
import { escapeIdentifier } from '../pg-client.ts';
import { readVersion, sessionOptions } from './check.ts';
import { applyFacts, creationOptions } from './facts.ts';
import type { PostgresByUrlOptions } from './options.ts';
import {
  dropDatabase,
  findByName,
  findByOid,
  markerText,
  newName,
  setComment,
  type Owner,
} from './ours.ts';
import { findPrograms, type Programs } from './programs.ts';
import type { UrlListing, UrlRecord } from './record.ts';
import { refuseRestore } from './refuse-restore.ts';
import { ProgramFailed, runProgram } from './run-program.ts';
import { setSequences } from './sequences.ts';
import { withThird, type UrlServer } from './server.ts';

export interface CreateContext {
  readonly server: UrlServer;
  readonly options: PostgresByUrlOptions;
}

export interface Created {
  readonly oid: number;
  readonly name: string;
}

const PARALLEL = 2;

export async function createFrom(
  { server, options }: CreateContext,
  captured: { readonly record: UrlRecord; readonly listing: UrlListing },
  state: 'prepared' | 'view',
  prepare: PrepareOptions,
): Promise<Created> {
  const { record, listing } = captured;
  const { signal, snapshot } = prepare;
  const { database: live } = await server.address();
  const crashPoint = options.crashPoint ?? (() => {});
  let name: string | undefined;
  try {
    return await withThird(
      server,
      { applicationName: 'stillpoint restore', signal },
      async (third) => {
        const { major } = await readVersion(third);
        const programs = await findPrograms(options, Math.max(major, record.dumpedBy.major));
        await refuseRestore(third, record, live);
        const directory = path.join(prepare.workDirectory, 'dump');
        await writeDump(listing, directory, prepare);
        const owner = { project: options.project, live };
        name = await createEmpty(third, owner, record, crashPoint);
        const marker = { ...owner, state, snapshot, comment: record.database.comment };
        await openMarked(third, name, markerText(marker));
        await rehearse(third, name, record);
        crashPoint('marked');
        prepare.progress({ type: 'phase:started', phase: 'restore', detail: options.name });
        await fill({ server, programs, major, name, directory, signal });
        await rm(directory, { recursive: true, force: true });
        crashPoint('filled');
        await finishInside(server, name, listing, signal);
        await inTransaction(third, () => applyFacts(third, name!, record.database));
        const made = await findByName(third, name);
        return { oid: made!.oid, name };
      },
    );
  } catch (error) {
    if (name !== undefined) await dropAgain(server, name);
    signal.throwIfAborted();
    throw toFailure(error);
  }
}

async function writeDump(
  { files }: UrlListing,
  directory: string,
  { source, signal }: PrepareOptions,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const { name, content } of files) {
    const target = createWriteStream(path.join(directory, name), { mode: 0o600 });
    await pipeline(source.readStream(content), target, { signal });
  }
}

async function createEmpty(
  third: Client,
  owner: Owner,
  { database }: UrlRecord,
  crashPoint: (point: string) => void,
): Promise<string> {
  for (;;) {
    const name = newName(owner);
    if ((await findByName(third, name)) !== undefined) continue;
    const closed = 'ALLOW_CONNECTIONS false CONNECTION LIMIT 0';
    await third.query(
      `CREATE DATABASE ${escapeIdentifier(name)} ${creationOptions(database)} ${closed}`,
    );
    crashPoint('created');
    return name;
  }
}

/** Ours from here on, and open to us. */
async function openMarked(third: Client, name: string, comment: string): Promise<void> {
  await inTransaction(third, async () => {
    await setComment(third, name, comment);
    const alter = `ALTER DATABASE ${escapeIdentifier(name)}`;
    await third.query(`${alter} ALLOW_CONNECTIONS true CONNECTION LIMIT -1`);
  });
}

/** What our role may not set is told before the long part, not after it. */
async function rehearse(third: Client, name: string, { database }: UrlRecord): Promise<void> {
  await third.query('BEGIN');
  try {
    await applyFacts(third, name, database);
  } finally {
    await third.query('ROLLBACK');
  }
}

async function fill(fill: {
  readonly server: UrlServer;
  readonly programs: Programs;
  readonly major: number;
  readonly name: string;
  readonly directory: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { server, programs, name, directory, signal } = fill;
  const asCopy = { database: name, applicationName: 'stillpoint restore', signal };
  const { password, behindProxy } = await withClient(server, asCopy, async (client) => {
    const { processID } = client as unknown as { processID: number | null };
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return { password: client.password, behindProxy: rows[0]!.pid !== processID };
  });
  await runProgram({
    programs,
    program: 'pg_restore',
    address: await server.address(),
    database: name,
    sessionOptions: sessionOptions({ serverMajor: fill.major, behindProxy }),
    password,
    arguments: ['-Fd', '-j', String(PARALLEL), '--exit-on-error', directory],
    signal,
  });
}

/** Statistics too: the first queries would otherwise be planned blindly. */
async function finishInside(
  server: UrlServer,
  database: string,
  { sequences }: UrlListing,
  signal: AbortSignal,
): Promise<void> {
  const options = { database, applicationName: 'stillpoint restore', signal };
  await withClient(server, options, async (client) => {
    await setSequences(client, sequences);
    await client.query('ANALYZE');
  });
}

/** It is dropped by abandon() too, if this fails. */
async function dropAgain(server: UrlServer, name: string): Promise<void> {
  try {
    await withThird(server, { applicationName: 'stillpoint restore' }, async (third) => {
      const found = await findByName(third, name);
      if (found !== undefined) await dropDatabase(third, found);
    });
  } catch {
    // The server is gone; whoever finds the database sees that it is ours.
  }
}

export async function dropCreated(server: UrlServer, { oid }: Created): Promise<void> {
  await withThird(server, { applicationName: 'stillpoint restore' }, async (third) => {
    const found = await findByOid(third, oid);
    if (found?.marker !== undefined) await dropDatabase(third, found);
  });
}

export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN; SET LOCAL synchronous_commit = on');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

function toFailure(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  // Of the program, or of the server by five characters.
  if (error instanceof ProgramFailed || /^[0-9A-Z]{5}$/.test(code ?? ''))
    return failure('POSTGRES_REFILL_FAILED', { reason: message }, error);
  return error;
}
