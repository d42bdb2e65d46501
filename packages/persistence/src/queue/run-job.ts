// One attempt, from the claim to its end: the handler, and the completion in the same transaction as its effect. A job that is
// not ours any more when it is completed takes the whole transaction back.
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { failure, isFailure } from '@stillpoint/core';
import type { PgBoss } from 'pg-boss';
import type { Database, Queryable, Transaction } from '../database/contract.ts';
import { affected, bossDb } from './boss.ts';
import type { Attempt, Effect, HandlerContext, JobDefinition } from './contract.ts';
import { validate } from './data.ts';
import type { Claimed, InFlight } from './in-flight.ts';
import { tellWorkers } from './keys.ts';
import type { Permit } from './permits.ts';

export interface ClaimedJob extends Claimed {
  readonly data: unknown;
}

/** The handler of one job or of a batch, with or without the transaction from its beginning. */
export type AnyHandler = (given: never, context: HandlerContext) => Promise<Effect | void>;

export interface RunParts {
  readonly database: Database;
  readonly boss: PgBoss;
  readonly inFlight: InFlight;
  readonly onError: (error: unknown) => void;
}

export interface Run {
  readonly job: JobDefinition;
  readonly claimed: readonly ClaimedJob[];
  /** The handler gets all of them, as an array. */
  readonly asBatch: boolean;
  readonly handler: AnyHandler;
  readonly permit: Permit;
  /** The worker stops and does not wait any longer. */
  readonly stopped: AbortSignal;
}

/** Never rejects. */
export async function runJobs(parts: RunParts, given: Run): Promise<void> {
  const valid = await validOf(parts, given);
  if (valid.length === 0) return;
  const run = { ...given, claimed: valid.map(({ claimed }) => claimed) };
  const { job, claimed, permit } = run;
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, permit.lost, run.stopped]);
  using _watched = parts.inFlight.add(claimed, (reason) => abort.abort(reason));
  const expire = (): void =>
    abort.abort(failure('QUEUE_JOB_EXPIRED', { job: job.name, afterMs: job.expireMs }));
  const late = job.expireMs <= longestTimerMs ? setTimeout(expire, job.expireMs) : undefined;
  try {
    await attempt(parts, run, valid, signal);
  } catch (error) {
    // A claim that is void is somebody else's to settle; so is one whose session went just now.
    const over = isOver(error) || isOver(signal.reason) || permit.lost.aborted;
    if (!over) await fail(parts, run, error);
  } finally {
    clearTimeout(late);
  }
}

/** What setTimeout() can hold; the server expires what takes longer. */
const longestTimerMs = 2 ** 31 - 1;

interface Valid {
  readonly claimed: ClaimedJob;
  /** What the schema made of it. */
  readonly data: unknown;
}

/** The others have failed, each for itself: a whole batch would fail with one of them, in each attempt. Never rejects. */
async function validOf(parts: RunParts, run: Run): Promise<readonly Valid[]> {
  const valid: Valid[] = [];
  for (const claimed of run.claimed) {
    try {
      valid.push({ claimed, data: await validate(run.job, claimed.data) });
    } catch (error) {
      if (!run.permit.lost.aborted) await fail(parts, { ...run, claimed: [claimed] }, error);
    }
  }
  return valid;
}

async function attempt(
  parts: RunParts,
  run: Run,
  valid: readonly Valid[],
  signal: AbortSignal,
): Promise<void> {
  const { job, asBatch, handler } = run;
  let inside: Transaction | undefined;
  const given = valid.map(({ claimed: { id, retryCount }, data }): Attempt<unknown> => {
    const progress = (fraction: number, note?: string): Promise<void> =>
      saveProgress(parts, run, { id, fraction, note, inside });
    return { id, data, attempt: retryCount + 1, progress };
  });
  // Which of the two contexts it is, and which of the two arguments, work() said by its types.
  const handle = (transaction?: Transaction): Promise<Effect | void> =>
    handler((asBatch ? given : given[0]) as never, { signal, transaction } as HandlerContext);
  const inTransaction = (body: Effect): Promise<void> =>
    parts.database.transaction(async (transaction) => {
      inside = transaction;
      await body(transaction);
      signal.throwIfAborted();
      await complete(parts, run, transaction);
    });
  if (job.freeze === 'drain') {
    await inTransaction(async (transaction) => void (await handle(transaction)));
    return;
  }
  const effect = await handle();
  signal.throwIfAborted();
  await inTransaction(async (transaction) => await effect?.(transaction));
}

/** Throws when one of them is not ours any more: the transaction must not commit. */
async function complete(
  { boss }: RunParts,
  { job, claimed }: Run,
  transaction: Transaction,
): Promise<void> {
  const db = bossDb(transaction);
  const completed = affected(await boss.complete(job.name, [...claimed], null, { db }));
  if (completed === claimed.length) return;
  throw failure('QUEUE_CLAIM_LOST', {});
}

/**
 * Fenced by the attempt: when the transaction did commit, though we were not told, nothing happens here. A job whose failure cannot be
 * written is in flight as long as our session lives, so it is tried again. Never rejects.
 */
async function fail(parts: RunParts, { job, claimed, permit }: Run, error: unknown): Promise<void> {
  const output = outputOf(error);
  const write = async (queryable: Queryable): Promise<void> => {
    await parts.boss.fail(job.name, [...claimed], output, { db: bossDb(queryable) });
    await tellWorkers(queryable, [job.name, ...(job.deadLetter ? [job.deadLetter.name] : [])]);
  };
  for (const pauseMs of [...failPausesMs, undefined]) {
    try {
      await (job.freeze === 'drain' ? write(permit.session) : parts.database.transaction(write));
      return;
    } catch (failed) {
      parts.onError(failed);
      if (permit.lost.aborted || pauseMs === undefined) return;
      await delay(pauseMs);
    }
  }
}

const failPausesMs = [100, 500, 2000];
const messageCharacters = 10_000;

/** Whatever was thrown, such that the database holds it. */
function outputOf(error: unknown): { readonly message: string; readonly code?: string } {
  const held = (text: string): string =>
    text.slice(0, messageCharacters).toWellFormed().replaceAll('\0', '\uFFFD');
  if (!(error instanceof Error)) return { message: held(inspect(error)) };
  const { code } = error as { readonly code?: unknown };
  const message = held(error.message);
  return typeof code === 'string' ? { message, code: held(code) } : { message };
}

interface Progress {
  readonly id: string;
  readonly fraction: number;
  readonly note: string | undefined;
  /** The job's transaction, once it has begun. */
  readonly inside: Transaction | undefined;
}

async function saveProgress(
  { database }: RunParts,
  { job, permit }: Run,
  { id, fraction, note, inside }: Progress,
): Promise<void> {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new RangeError(`A fraction is from 0 to 1, not ${fraction}`);
  }
  const write = async (queryable: Queryable): Promise<void> => {
    await queryable.query(
      `INSERT INTO queue.progress (id, name, fraction, note) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO UPDATE SET fraction = excluded.fraction, note = excluded.note, at = now()`,
      [id, job.name, fraction, note ?? null],
    );
  };
  // The one connection of PGlite is in the job's transaction; elsewhere the permit's session is free of it.
  if (database.facts.connections === 'one' && inside !== undefined) return await write(inside);
  await (job.freeze === 'drain' ? write(permit.session) : database.transaction(write));
}

function isOver(error: unknown): boolean {
  return isFailure(error, 'QUEUE_CLAIM_LOST') || isFailure(error, 'QUEUE_JOB_CANCELLED');
}
