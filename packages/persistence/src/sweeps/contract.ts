// Sweeps: the same simulation with many parameters, as jobs of the queue, so that any number of processes on any number of hosts share one.
//
// THE LAW
//  1. Its runs and their jobs are written in one transaction: a sweep is whole, or not there.
//  2. A sweep is one plan. Who comes with another one under the same name is refused, and changes nothing.
//  3. The result of a run is written in the transaction that completes its job: exactly once, however often it was begun.
import type { Transaction } from '../database/contract.ts';
import type { JobDefinition } from '../queue/contract.ts';

export interface SweepPlan {
  /** What all of its processes must agree on: which world, how far, with which seed. Plain JSON. */
  readonly agreed: object;
  /** Of each run, by its index. */
  readonly parameters: readonly Readonly<Record<string, number>>[];
}

/** The data of a job. */
export interface SweepJob {
  readonly sweep: string;
  readonly index: number;
}

export type SweepResult =
  | { readonly tick: number; readonly stateHash: string }
  /** The run cannot be made: its world fails with these parameters. */
  | { readonly error: string };

export interface SweepRun {
  readonly index: number;
  readonly parameters: Readonly<Record<string, number>>;
  /** 'failed': with a result that says why, or its job has failed for good. */
  readonly state: 'waiting' | 'running' | 'finished' | 'failed';
  readonly attempts: number;
  readonly tick: number | null;
  readonly stateHash: string | null;
  readonly error: string | null;
  readonly finishedAt: Date | null;
}

export interface Sweeps {
  /** False: it is there already, with the same plan. Rejects with SWEEP_DIFFERS. */
  begin(sweep: string, plan: SweepPlan, job: JobDefinition): Promise<boolean>;
  /** In the transaction that completes the job. Rejects with SWEEP_RESULT_TWICE, which takes the transaction back. */
  record(job: SweepJob, result: SweepResult, transaction: Transaction): Promise<void>;
  /** Undefined: there is no such sweep. */
  parametersOf(job: SweepJob): Promise<Readonly<Record<string, number>> | undefined>;
  /** By index. Rejects with SWEEP_UNKNOWN. */
  runs(sweep: string): Promise<readonly SweepRun[]>;
}
