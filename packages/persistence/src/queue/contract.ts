// Work for later, kept in the database beside what it is about: jobs are enqueued, claimed by any process on any host, and done.
//
// THE LAW
//  1. enqueue() inside the caller's transaction is part of it: the job is there if and only if the transaction committed.
//  2. A job is completed in the transaction that holds its effect. What a handler writes through that transaction happens
//     exactly once; whatever else it does happens at least once.
//  3. A claim belongs to a session of the server. When that session is gone - a process died, a host vanished, the server was
//     started anew, a snapshot was restored - the claim is void, its handler's signal aborts, and its transaction cannot commit
//     the job any more.
//  4. A void claim counts as a failed attempt, for a job can kill its worker; but after a restore it does not, and the job's
//     `afterRestore` decides: it is returned, or abandoned.
//  5. Nothing is claimed between a freeze's mark and its thaw. Jobs with `freeze: 'drain'` are finished before the mark, those
//     with 'leave' may be in flight, and their effects wait for the thaw.
//  6. A worker that died never holds up a freeze, and a freezer that died never holds up a worker: all locks are the server's.
//  7. What is stored is the data as it was given; it is validated when it is enqueued and again when it is claimed.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Transaction } from '../database/contract.ts';

/** Milliseconds, or a text like '30s', '15m', '2h', '7d'. */
export type Duration = number | string;
export type FreezePolicy = 'drain' | 'leave';
export type RestorePolicy = 'return' | 'abandon';
/** How many jobs of equal key there may be: one that waits, one that runs, or one of both together. */
export type Singleton = 'none' | 'waiting' | 'running' | 'both';

export interface JobOptions<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Freeze extends FreezePolicy = FreezePolicy,
> {
  /** Letters, digits, `.`, `_`, `-` and `/`. */
  readonly name: string;
  readonly data: Schema;
  /** Attempts after the first one that failed; 2 unless told. */
  readonly retry?: number;
  /** Waiting before an attempt: doubled each time from `first` on, with some chance in it, to `longest`. None unless told. */
  readonly backoff?: { readonly first: Duration; readonly longest?: Duration };
  /** The larger, the earlier; 0 unless told. */
  readonly priority?: number;
  /** How long an attempt may take; 15 minutes unless told. Its signal aborts then, and it counts as failed. */
  readonly expire?: Duration;
  /** How long what has ended can still be looked at; 7 days unless told. */
  readonly keep?: Duration;
  /** Gets the data of jobs that failed for good. */
  readonly deadLetter?: JobDefinition;
  readonly singleton?: Singleton;
  /**
   * 'drain' (unless told): a freeze waits for the handler, which has the transaction from its beginning: for short jobs.
   * 'leave': a freeze does not wait; the handler has no transaction, but returns what to do in it: for long ones.
   */
  readonly freeze?: Freeze;
  /** What becomes of a job that was in flight in a snapshot that is restored: 'return' unless told. */
  readonly afterRestore?: RestorePolicy;
}

/** Made by defineJob(). */
export interface JobDefinition<
  Schema extends StandardSchemaV1 = StandardSchemaV1,
  Freeze extends FreezePolicy = FreezePolicy,
> {
  readonly name: string;
  readonly data: Schema;
  readonly retry: number;
  readonly backoffMs: { readonly first: number; readonly longest: number | undefined } | undefined;
  readonly priority: number;
  readonly expireMs: number;
  readonly keepMs: number;
  readonly deadLetter: JobDefinition | undefined;
  readonly singleton: Singleton;
  readonly freeze: Freeze;
  readonly afterRestore: RestorePolicy;
}

export type JobInput<Job extends JobDefinition> = StandardSchemaV1.InferInput<Job['data']>;
export type JobData<Job extends JobDefinition> = StandardSchemaV1.InferOutput<Job['data']>;

export interface EnqueueOptions {
  readonly priority?: number;
  /** Not before. */
  readonly after?: Duration | Date;
  /** With `singleton`: jobs of different keys do not exclude each other. */
  readonly key?: string;
}

export interface Schedule<Job extends JobDefinition> {
  /** Five fields, minutes first. */
  readonly cron: string;
  /** As IANA names it; UTC unless told. */
  readonly timeZone?: string;
  readonly data: JobInput<Job>;
  /** Several schedules of one job differ by it. */
  readonly key?: string;
  /** What came due while no worker ran: nothing, unless told; 'once' makes one job of all. */
  readonly missed?: 'skip' | 'once';
}

/** One attempt at one job. */
export interface Attempt<Data> {
  readonly id: string;
  readonly data: Data;
  /** 1 for the first. */
  readonly attempt: number;
  /** `fraction` from 0 to 1. Readable at once by job(), in PGlite with the job's transaction. */
  progress(fraction: number, note?: string): Promise<void>;
}

export interface HandlerContext {
  /** Aborts when the job was cancelled, took too long, or is not ours any more, with the reason. Nothing commits after that. */
  readonly signal: AbortSignal;
  /** The one in which the job is completed. */
  readonly transaction: Transaction;
}

/** What a job of `freeze: 'leave'` does in the end, in the transaction that completes it. */
export type Effect = (transaction: Transaction) => Promise<void>;

export type Handler<Freeze extends FreezePolicy, Given> = Freeze extends 'leave'
  ? (given: Given, context: Pick<HandlerContext, 'signal'>) => Promise<Effect | void>
  : (given: Given, context: HandlerContext) => Promise<void>;

export type JobHandler<Job extends JobDefinition> = Handler<Job['freeze'], Attempt<JobData<Job>>>;
export type BatchHandler<Job extends JobDefinition> = Handler<
  Job['freeze'],
  readonly Attempt<JobData<Job>>[]
>;

export interface WorkOptions {
  /** Handlers at a time in this process; 1 unless told. Each of them uses a connection of the pool. */
  readonly concurrency?: number;
  /** Jobs are looked for so often also when nobody tells of any; 5 s unless told. */
  readonly poll?: Duration;
}

export interface BatchOptions extends WorkOptions {
  /** The handler gets up to so many jobs, in one transaction: they are completed or fail together. */
  readonly batch: number;
}

export interface Worker extends AsyncDisposable {
  /** Claims nothing more. Resolves when all handlers have ended; their signals abort after `graceMs`. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

export interface JobState {
  readonly id: string;
  readonly name: string;
  readonly state: 'waiting' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed';
  readonly data: unknown;
  /** How many attempts have begun. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly completedAt: Date | undefined;
  readonly progress: { readonly fraction: number; readonly note: string | undefined } | undefined;
  /** Of the last attempt that failed. */
  readonly error: string | undefined;
}

/** What recover() found: claims whose session is gone. */
export interface Recovered {
  /** In flight in a snapshot that was restored; waiting again. */
  readonly returned: number;
  /** The same, cancelled by policy. */
  readonly abandoned: number;
  /** Their workers died: they are tried again, or have failed. */
  readonly failed: number;
}

/** Facts; the negative ones are tested as well. */
export interface QueueSupports {
  /** Several processes claim side by side, and a freezer holds them still. PGlite has one process and needs no permits. */
  readonly processes: 'many' | 'one';
  /** progress() is seen while the handler runs. */
  readonly liveProgress: boolean;
}

export interface Queue extends AsyncDisposable {
  readonly supports: QueueSupports;
  /** The job's id; undefined when `singleton` left it out. Without a transaction it makes one, which takes the freeze lock. */
  enqueue<Job extends JobDefinition>(
    job: Job,
    data: JobInput<Job>,
    options?: EnqueueOptions,
    transaction?: Transaction,
  ): Promise<string | undefined>;
  /** In one statement. Fewer ids than data: `singleton` left some out. */
  enqueueMany<Job extends JobDefinition>(
    job: Job,
    data: readonly JobInput<Job>[],
    options?: EnqueueOptions,
    transaction?: Transaction,
  ): Promise<readonly string[]>;
  /** Replaces the one of equal job and key. */
  schedule<Job extends JobDefinition>(job: Job, schedule: Schedule<Job>): Promise<void>;
  unschedule(job: JobDefinition, key?: string): Promise<void>;
  work<Job extends JobDefinition>(
    job: Job,
    handler: BatchHandler<Job>,
    options: BatchOptions,
  ): Worker;
  work<Job extends JobDefinition>(
    job: Job,
    handler: JobHandler<Job>,
    options?: WorkOptions,
  ): Worker;
  /** False: there is no such job, or it had ended. The handler's signal aborts, in whichever process it runs. */
  cancel(id: string): Promise<boolean>;
  job(id: string): Promise<JobState | undefined>;
  /** What every working process does by itself, once a second by one of them; called it does so now. */
  recover(): Promise<Recovered>;
}

export interface QueueOptions {
  /** The key of the project's freeze lock, as the database was opened with. */
  readonly freezeLockKey?: bigint;
  /** What goes wrong beside a caller: a claim, a connection, the upkeep. It is tried again all the same. */
  readonly onError?: (error: unknown) => void;
  /**
   * Awaited when a freeze waits for this process and its last job is done: what is to be in the snapshot, too, and is not written yet.
   * The freeze's budget runs meanwhile.
   */
  readonly beforeStill?: () => Promise<void>;
}
