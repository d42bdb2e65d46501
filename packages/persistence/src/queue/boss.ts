// pg-boss as we use it: its tables and statements. It makes no connection, no table and no timer of its own; every statement
// that writes is given the transaction, or the session with the permit, that it belongs to.
import { PgBoss, type CommandResponse, type Db } from 'pg-boss';
import type { Queryable } from '../database/contract.ts';

/** pg-boss's own, and the only one that queuePart makes. */
export const bossSchemaVersion = 46;

export function bossDb(queryable: Queryable): Db {
  return {
    async executeSql(text, values) {
      // Without values it may be several statements.
      const { rows } = await queryable.query(text, values?.length === 0 ? undefined : values);
      return { rows: [...rows] };
    },
  };
}

/** Where several statements are sent as one text, from BEGIN to COMMIT: their middle. The last one's rows are the answer. */
export function insideTransaction(text: string): string | undefined {
  return /^\s*BEGIN;([\s\S]*?);?\s*COMMIT;\s*$/.exec(text)?.[1];
}

/** Without timers: for enqueuing, claiming and completing. What is not given a `db` is read through `reader`. */
export async function startBoss(
  reader: Queryable,
  kind: 'postgres' | 'pglite',
  onError: (error: unknown) => void,
): Promise<PgBoss> {
  return await start(bossDb(reader), kind, onError, { supervise: false, schedule: false });
}

/** With its timers: expiry, deletion and schedules. Every statement goes through `db`. */
export async function startUpkeepBoss(
  db: Db,
  kind: 'postgres' | 'pglite',
  onError: (error: unknown) => void,
): Promise<PgBoss> {
  return await start(db, kind, onError, {
    supervise: true,
    superviseIntervalSeconds: 30,
    maintenanceIntervalSeconds: 30,
    monitorIntervalSeconds: 60,
    schedule: true,
    cronMonitorIntervalSeconds: 30,
    cronWorkerIntervalSeconds: 1,
  });
}

async function start(
  db: Db,
  backend: 'postgres' | 'pglite',
  onError: (error: unknown) => void,
  options: object,
): Promise<PgBoss> {
  const boss = new PgBoss({
    db,
    backend,
    schema: 'queue',
    // The application's role owns nothing: tables come from the chamber's part, and an index is rebuilt by their owner.
    migrate: false,
    createSchema: false,
    reindex: false,
    monitorVacuum: false,
    registerInstance: false,
    // The column that it would use says which session claimed a job.
    openTelemetry: { enabled: false },
    ...options,
  });
  boss.on('error', onError);
  try {
    return await boss.start();
  } catch (error) {
    // What had begun of it has timers, which would keep the process.
    await boss.stop({ graceful: false });
    throw error;
  }
}

/** How many jobs a call has settled or changed: fewer than it was given, when some were not the claimer's any more. */
export function affected(response: CommandResponse): number {
  // pg-boss says so, and its types do not; queue.test.ts would tell.
  return (response as CommandResponse & { readonly affected: number }).affected;
}
