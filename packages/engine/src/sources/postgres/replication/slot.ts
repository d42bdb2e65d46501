// The physical slot of an incarnation: it keeps the WAL that no sealed snapshot holds yet. One per incarnation, because a
// slot lives in one data directory and is in no base backup. max_slot_wal_keep_size caps it, so that a project nobody
// snapshots does not fill the disk; a slot the server gave up is made anew, and the next capture finds the gap.
import type { Client } from 'pg';
import { formatLsn, parseLsn, type Lsn } from '../lsn.ts';

export interface SlotState {
  /** The oldest WAL the slot holds. */
  readonly restartLsn: Lsn;
  /** True when it had to be made: WAL before restartLsn may be gone. */
  readonly created: boolean;
}

export function slotName(incarnation: string): string {
  return `stillpoint_${incarnation.replaceAll('-', '')}`;
}

export async function ensureSlot(client: Client, incarnation: string): Promise<SlotState> {
  const name = slotName(incarnation);
  const { rows } = await client.query<{ restart: string | null; status: string | null }>(
    'SELECT restart_lsn::text AS restart, wal_status AS status FROM pg_replication_slots WHERE slot_name = $1',
    [name],
  );
  const found = rows[0];
  if (found !== undefined && found.restart !== null && found.status !== 'lost') {
    return { restartLsn: parseLsn(found.restart), created: false };
  }
  if (found !== undefined) await client.query('SELECT pg_drop_replication_slot($1)', [name]);
  const made = await client.query<{ restart: string }>(
    'SELECT lsn::text AS restart FROM pg_create_physical_replication_slot($1, true)',
    [name],
  );
  return { restartLsn: parseLsn(made.rows[0]!.restart), created: true };
}

/** Lets the server drop WAL before `lsn`. A slot that is further already is no error. */
export async function advanceSlot(client: Client, incarnation: string, lsn: Lsn): Promise<void> {
  await client.query(
    `SELECT pg_replication_slot_advance(slot_name, $2::pg_lsn) FROM pg_replication_slots
      WHERE slot_name = $1 AND restart_lsn < $2::pg_lsn`,
    [slotName(incarnation), formatLsn(lsn)],
  );
}

/** WAL the server keeps because of our slot, in bytes. */
export async function bytesKeptBySlot(client: Client, incarnation: string): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn)::int8::text AS bytes
       FROM pg_replication_slots WHERE slot_name = $1 AND restart_lsn IS NOT NULL`,
    [slotName(incarnation)],
  );
  return Number(rows[0]?.bytes ?? 0);
}
