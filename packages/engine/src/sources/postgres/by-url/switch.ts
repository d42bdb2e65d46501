// Closing, switching and opening, from a third database. A switch is renames and comments in one transaction: whoever dies, the
// live name belongs to the one database or to the other. Which is which is told by OIDs, so everything may be repeated.
import { failure } from '@stillpoint/core';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { CloseOptions, SwitchContext } from '../../contract.ts';
import { escapeIdentifier } from '../pg-client.ts';
import { inTransaction, type CreateContext } from './create.ts';
import {
  dropDatabase,
  findByName,
  findByOid,
  findOurs,
  findUnfinished,
  keptName,
  markerText,
  setComment,
  type Database,
  type Owner,
} from './ours.ts';
import type { UrlPlacement } from './record.ts';
import { withThird } from './server.ts';

const CLIENTS_GONE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 10;
/** The freeze must last until nobody else is left. */
const FREEZER = 'stillpoint freeze';

async function fromThird<T>(
  { server, options }: CreateContext,
  work: (client: Client, owner: Owner) => Promise<T>,
): Promise<T> {
  const { database: live } = await server.address();
  return withThird(server, { applicationName: 'stillpoint switch' }, (client) =>
    work(client, { project: options.project, live }),
  );
}

/** POSTGRES_CLIENTS_REMAIN. */
export async function closeDatabase(
  context: CreateContext,
  { verifyHeld }: Pick<CloseOptions, 'verifyHeld'>,
): Promise<void> {
  await fromThird(context, async (client, { live }) => {
    const found = await findByName(client, live);
    if (found === undefined) return;
    await allowConnections(client, found, false);
    context.options.crashPoint?.('closed');
    try {
      await endSessions(client, found.oid, FREEZER);
      await verifyHeld();
      await endSessions(client, found.oid, null);
    } catch (error) {
      await allowConnections(client, found, true);
      throw error;
    }
  });
}

/** True: there was none of that name before. */
export async function switchTo(
  context: CreateContext,
  placement: UrlPlacement,
  { undo }: Pick<SwitchContext, 'undo'>,
): Promise<boolean> {
  return await fromThird(context, async (client, owner) => {
    const { live } = owner;
    const present = await findByName(client, live);
    if (present?.oid === placement.oid) return false;
    const next = await findByOid(client, placement.oid);
    if (next?.marker?.project !== owner.project || next.marker.live !== live) {
      const reason = 'the database that was prepared is gone, or is no longer ours';
      throw failure('POSTGRES_SWITCH_FAILED', { reason });
    }
    for (const one of [present, next]) {
      if (one === undefined) continue;
      await allowConnections(client, one, false);
      await endSessions(client, one.oid, null);
    }
    await rename(client, { present, next, owner, undo, context });
    return present === undefined;
  });
}

async function rename(
  client: Client,
  move: {
    readonly present: Database | undefined;
    readonly next: Database;
    readonly owner: Owner;
    readonly undo: string;
    readonly context: CreateContext;
  },
): Promise<void> {
  const { present, next, owner, undo, context } = move;
  const crashPoint = context.options.crashPoint ?? (() => {});
  try {
    await inTransaction(client, async () => {
      if (present !== undefined) {
        const kept = keptName(owner.live, present.oid);
        await renameDatabase(client, present.name, kept);
        crashPoint('between renames');
        // One that never was open is still only prepared; one that was kept says for which undo point.
        if (present.marker === undefined) {
          const { comment } = present;
          const marker = { ...owner, state: 'kept', snapshot: undo, comment } as const;
          await setComment(client, kept, markerText(marker));
        }
      }
      await renameDatabase(client, next.name, owner.live);
      crashPoint('before commit');
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('POSTGRES_SWITCH_FAILED', { reason }, error);
  }
  crashPoint('switched');
}

async function renameDatabase(client: Client, from: string, to: string): Promise<void> {
  await client.query(`ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`);
}

/** The live database is the user's again: with the user's comment, and with room for everybody. */
export async function openDatabase(context: CreateContext): Promise<void> {
  await fromThird(context, async (client, { live }) => {
    const found = await findByName(client, live);
    if (found === undefined) return;
    await inTransaction(client, async () => {
      if (found.marker !== undefined) await setComment(client, live, found.marker.comment);
      await allowConnections(client, found, true);
    });
  });
}

/** Drops what was prepared and never opened. */
export async function abandonPrepared(context: CreateContext): Promise<void> {
  await fromThird(context, async (client, owner) => {
    for (const one of await findOurs(client, owner)) {
      if (one.name === owner.live || one.marker?.state === 'kept') continue;
      await dropDatabase(client, one);
    }
    for (const one of await findUnfinished(client, owner)) await dropDatabase(client, one);
  });
}

/** Drops what is ours but neither live nor `keep`, as far as that can be done: a restore that has ended is not taken back for it. */
export async function dropOthers(context: CreateContext, keep: ReadonlySet<number>): Promise<void> {
  await fromThird(context, async (client, owner) => {
    for (const one of await findOurs(client, owner)) {
      if (one.name === owner.live || keep.has(one.oid)) continue;
      // A subscription of the user's may hold it. It says that it is ours: the next restore that ends tries again.
      await dropDatabase(client, one).catch(() => {});
    }
  });
}

export async function liveOid(context: CreateContext): Promise<number | undefined> {
  return fromThird(context, async (client, { live }) => (await findByName(client, live))?.oid);
}

async function allowConnections(
  client: Client,
  { name }: Database,
  allowed: boolean,
): Promise<void> {
  await client.query(`ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS ${allowed}`);
}

/** Of everybody in a database that lets nobody in any more; those that are called `except` stay. */
async function endSessions(client: Client, oid: number, except: string | null): Promise<void> {
  const deadline = performance.now() + CLIENTS_GONE_WITHIN_MS;
  for (;;) {
    const { rows } = await client.query<{ name: string; pid: number }>(
      `SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type) AS name FROM pg_stat_activity
        WHERE datid = $1 AND pid <> pg_backend_pid()
          AND NOT ($2::text IS NOT NULL AND application_name = $2 AND usename = current_user)`,
      [oid, except],
    );
    if (rows.length === 0) return;
    const clients = [...new Set(rows.map(({ name }) => name))].join(', ');
    if (performance.now() > deadline) throw failure('POSTGRES_CLIENTS_REMAIN', { clients });
    try {
      for (const { pid } of rows) await client.query('SELECT pg_terminate_backend($1)', [pid]);
    } catch (error) {
      throw failure('POSTGRES_CLIENTS_REMAIN', { clients }, error);
    }
    await delay(LOOK_EVERY_MS);
  }
}
