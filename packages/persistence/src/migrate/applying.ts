// What applying is asked for, and what it answers: migrate, rollback, status and drift.
import type { ProgressListener } from '@stillpoint/core';
import type { ChamberOptions, ChamberPart } from '../chambers/index.ts';
import type { Database } from '../database/contract.ts';
import type { Federation } from '../registry/index.ts';
import type { Accept, Kept, Loss, Plan, PlanOptions } from './contract.ts';

/** A snapshot of everything before a schema changes; resolves to undefined where nobody wants one. */
export type Guard = (reason: string) => Promise<{ readonly id: string } | undefined>;

/** What migrating and rolling back have in common. */
export interface ApplyOptions {
  /** Opened as the role that owns the database, not as the application's. */
  readonly database: Database;
  /** Of the library's rooms: installed before, settled after. The ledger's own comes by itself. */
  readonly parts: readonly ChamberPart[];
  readonly chambers?: ChamberOptions;
  /** Names of losses that were said yes to. */
  readonly accept?: Accept;
  /** Says what would be done, and changes nothing. */
  readonly dryRun?: boolean;
  /** Called when something will be applied, before anything is. A rejection ends the call with nothing changed. */
  readonly guard?: Guard;
  /** How long a statement waits for a table that the application holds; 5000 unless told. */
  readonly lockTimeoutMs?: number;
  readonly progress?: ProgressListener;
  readonly signal?: AbortSignal;
}

export interface MigrateOptions extends ApplyOptions {
  readonly federation: Federation;
  /** Of the migrations' files: `<member>/stillpoint/migrations`. */
  readonly directory: string;
  /** Extensions that are not here any more, whose tables go. */
  readonly dropData?: readonly string[];
  /** Applies what is in files, and refuses to make a new one: for production. */
  readonly frozen?: boolean;
  /** Asked with what would be done, under the lock and before the guard. A rejection ends the call with nothing changed. */
  readonly confirm?: (outlook: MigrateOutcome) => Promise<void>;
  /** Who plans; planMigration() unless told, which starts a process for each plan. */
  readonly plan?: (options: PlanOptions) => Promise<Plan>;
  /** For the names of new files; that of the system unless told. */
  readonly now?: () => Date;
}

export interface MigrateOutcome {
  /** In the order in which they are applied. */
  readonly steps: readonly MigrationStep[];
  /** Parts of the library whose tables are missing or older than the code. */
  readonly parts: readonly string[];
  readonly kept: readonly Kept[];
  readonly guard: string | null;
  /** False: of a dry run, or asked to be confirmed. */
  readonly done: boolean;
}

export interface MigrationStep {
  readonly name: string;
  /** It was in a file; otherwise its file is new. */
  readonly committed: boolean;
  readonly statements: readonly string[];
  readonly losses: readonly Loss[];
}

export interface RollbackOptions extends ApplyOptions {
  /** The migration that is to be the last one, or 'nothing'. Left out: the last one is taken back. */
  readonly to?: string;
  readonly confirm?: (outlook: RollbackOutcome) => Promise<void>;
}

export interface RollbackOutcome {
  /** Newest first. Their files stay. */
  readonly steps: readonly MigrationStep[];
  readonly guard: string | null;
  readonly done: boolean;
}

export interface AppliedMigration {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
  readonly file: 'same' | 'changed' | 'missing';
}

export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  /** Files that were not applied yet. */
  readonly pending: readonly string[];
  /** What the models want beyond all files; null: nothing, or files and ledger contradict each other. */
  readonly difference: {
    readonly words: string;
    readonly statements: number;
    readonly losses: readonly Loss[];
  } | null;
  /** Parts of the library whose tables are missing or older than the code. */
  readonly parts: readonly string[];
}

export interface DriftFinding {
  readonly kind: 'missing' | 'changed' | 'extra';
  /** `column public.notes.title` */
  readonly entity: string;
  readonly owner: string | null;
  /** A sentence for a person. */
  readonly what: string;
}

export interface DriftReport {
  /** The migration that the database is compared with; null: none was applied. */
  readonly migration: string | null;
  readonly findings: readonly DriftFinding[];
}
