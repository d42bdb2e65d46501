// The library: every call takes the lease if it changes anything, ends what a dead process left, and then asks the room whose
// duty it is. What it is made of is put together in compose.ts.
import { silent, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import type {
  CallOptions,
  DamagedSnapshot,
  DiffOptions,
  ForgetOptions,
  ForgetResult,
  GateOptions,
  ManagedDatabase,
  PruneOptions,
  RetainOptions,
  RetainResult,
  RetentionRules,
  RebaseResult,
  RestoreOptions,
  RestorePlan,
  RestoreResult,
  SnapshotOptions,
  SnapshotSummary,
  SnapshotVerification,
  Stillpoint,
  UndoOptions,
  VerifyCallOptions,
} from './api.ts';
import { createVaultCare, verifyVault, type CopyState, type VaultCare } from './care/index.ts';
import { acquireLease } from './catalog/index.ts';
import { copyStates } from './compose-care.ts';
import { referencesOf } from './compose-sources.ts';
import { compose, type Composition, type EngineEnvironment } from './compose.ts';
import type { ResolvedConfig } from './config/index.ts';
import { diffStates, type StateDiff } from './diff/index.ts';
import type { DoctorReport } from './doctor/index.ts';
import { examineProject } from './examine-project.ts';
import { runDueResumes } from './freeze/index.ts';
import { acceptState, askGate, type GateVerdict } from './gate/index.ts';
import {
  findUndo,
  planRestore,
  recoverRestore,
  restorePatiently,
  stayedBefore,
} from './restore/index.ts';
import { restoreElsewhere } from './restore-elsewhere.ts';
import type { OpenSession, PruneReport } from './vault/contract.ts';
import {
  describeFound,
  findSnapshot,
  listSnapshots,
  forgetSnapshots,
  pruneSnapshots,
  retainSnapshots,
  rebaseSnapshots,
  summarize,
  takeSnapshot,
  type Lockfile,
  type Sealed,
} from './snapshot/index.ts';

/** Of a pack. Less frees more and copies more. */
const DEFAULT_REPACK_SHARE = 0.3;

/** Opens a project. Dispose it: connections and servers of ours that only this process needs end with it. */
export async function createStillpoint(
  config: ResolvedConfig,
  environment: EngineEnvironment,
): Promise<Stillpoint> {
  return new ProjectStillpoint(await compose(config, environment), environment);
}

interface Call {
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

class ProjectStillpoint implements Stillpoint {
  readonly #composition: Composition;
  readonly #environment: EngineEnvironment;

  constructor(composition: Composition, environment: EngineEnvironment) {
    this.#composition = composition;
    this.#environment = environment;
  }

  get projectDirectory(): string {
    return this.#composition.context.config.projectDirectory;
  }

  async recover(options: CallOptions = {}): ReturnType<Stillpoint['recover']> {
    let outcome: Awaited<ReturnType<Stillpoint['recover']>> = { action: 'none', text: '' };
    await this.#exclusively('recover', options, async (_call, recovered) => {
      outcome = recovered;
    });
    return outcome;
  }

  async snapshot(options: SnapshotOptions = {}): Promise<SnapshotSummary> {
    return this.#exclusively('snapshot', options, async (call) => {
      const { name, message } = options;
      const sealed = await takeSnapshot(this.#composition.context, {
        ...call,
        ...(name === undefined ? {} : { name }),
        ...(message === undefined ? {} : { message }),
      });
      return summarize(sealed, new Set());
    });
  }

  async list(options: CallOptions = {}): Promise<readonly (SnapshotSummary | DamagedSnapshot)[]> {
    return listSnapshots(this.#composition.context, options.signal);
  }

  async show(ref: string, options: CallOptions = {}): Promise<SnapshotSummary> {
    const { vault } = this.#composition.context;
    return summarize(await this.#find(ref, options.signal), await vault.holds());
  }

  async verify(options: VerifyCallOptions = {}): Promise<readonly SnapshotVerification[]> {
    const { context } = this.#composition;
    return verifyVault(context, {
      ...callOf(options),
      ...(options.ref === undefined ? {} : { ref: options.ref }),
      projectId: context.state.id,
      deep: options.deep ?? false,
      sample: options.sample ?? 0,
      now: context.clock.now(),
    });
  }

  care(): VaultCare {
    const { vault, state, clock } = this.#composition.context;
    const close = async (): Promise<void> => {};
    return createVaultCare({ vault, referencesOf, projectId: state.id, clock, close });
  }

  async copies(): Promise<readonly CopyState[]> {
    const { vault, config } = this.#composition.context;
    return copyStates(vault, config.copies ?? [], this.#environment);
  }

  async lockfile(ref: string, options: CallOptions = {}): Promise<Lockfile> {
    return (await this.#find(ref, options.signal)).manifest.lockfile;
  }

  async diff(from: string, to?: string, options: DiffOptions = {}): Promise<StateDiff> {
    const { schemaOnly = false, all = false } = options;
    return this.#exclusively('diff', options, async (call) =>
      diffStates(this.#composition.context, {
        from: await this.#find(from, call.signal),
        to: to === undefined ? undefined : await this.#find(to, call.signal),
        schemaOnly,
        all,
        ...call,
      }),
    );
  }

  async plan(ref: string, options: RestoreOptions = {}): Promise<RestorePlan> {
    const { signal } = callOf(options);
    return planRestore(this.#composition.context, {
      target: await this.#find(ref, signal),
      ...partOf(options),
      elsewhere: options.into !== undefined,
      signal,
    });
  }

  async restore(ref: string, options: RestoreOptions = {}): Promise<RestoreResult> {
    if (options.into !== undefined) {
      const target = await this.#find(ref, options.signal);
      const { config, state, vault } = this.#composition.context;
      const shared = state.vault ?? config.vault;
      const original = { config, id: state.id, vault, shared, directory: config.projectDirectory };
      return restoreElsewhere(original, this.#environment, {
        target,
        into: options.into,
        ...partOf(options),
        ...callOf(options),
      });
    }
    const { breakSeal = false } = options;
    return this.#exclusively(`restore ${ref}`, options, async (call) => {
      const target = await this.#find(ref, call.signal);
      const part = { ...partOf(options), breakSeal };
      return restorePatiently(this.#composition.context, { target, ...part, ...call });
    });
  }

  async undo(options: UndoOptions = {}): Promise<RestoreResult> {
    const { context } = this.#composition;
    return this.#exclusively('undo', options, async (call) => {
      const back = await this.#wayBack(call, options.point);
      return restorePatiently(context, { ...back, ...call });
    });
  }

  async planUndo(options: CallOptions = {}): Promise<RestorePlan> {
    const { context } = this.#composition;
    return this.#exclusively('undo --dry-run', options, async (call) => {
      const back = await this.#wayBack(call);
      return planRestore(context, { ...back, elsewhere: false, signal: call.signal });
    });
  }

  async doctor(options: CallOptions = {}): Promise<DoctorReport> {
    return examineProject(this.#composition.context.config, this.#environment, options);
  }

  async gate(options: GateOptions = {}): Promise<GateVerdict> {
    const { stamp = false } = options;
    const { signal } = callOf(options);
    return askGate(this.#composition.context, { stamp, signal }, (work) =>
      this.#exclusively('gate', options, work),
    );
  }

  async acceptGate(options: CallOptions = {}): Promise<GateVerdict> {
    const { context } = this.#composition;
    return this.#exclusively('gate --accept', options, ({ signal }) =>
      acceptState(context, signal),
    );
  }

  async hold(ref: string, options: CallOptions = {}): Promise<SnapshotSummary | DamagedSnapshot> {
    return this.#mark(ref, 'hold', options);
  }

  async release(
    ref: string,
    options: CallOptions = {},
  ): Promise<SnapshotSummary | DamagedSnapshot> {
    return this.#mark(ref, 'release', options);
  }

  async forget(refs: readonly string[], options: ForgetOptions = {}): Promise<ForgetResult> {
    const { dryRun = false, undoPoint = false, last = false } = options;
    const { context } = this.#composition;
    const forget = ({ signal }: Call): Promise<ForgetResult> =>
      forgetSnapshots(context, refs, { dryRun, undoPoint, last, signal });
    return dryRun ? forget(callOf(options)) : this.#exclusively('forget', options, forget);
  }

  async rebase(refs: readonly string[] = [], options: CallOptions = {}): Promise<RebaseResult> {
    return this.#exclusively('vault rebase', options, (call) =>
      rebaseSnapshots(this.#composition.context, refs, call),
    );
  }

  async retain(rules?: RetentionRules, options: RetainOptions = {}): Promise<RetainResult> {
    const { dryRun = false } = options;
    const { context } = this.#composition;
    const policy = rules ?? context.config.retention ?? {};
    const retain = ({ signal }: Call): Promise<RetainResult> =>
      retainSnapshots(context, policy, { dryRun, signal });
    return dryRun ? retain(callOf(options)) : this.#exclusively('forget', options, retain);
  }

  async prune(options: PruneOptions = {}): Promise<PruneReport> {
    const { dryRun = false, repackShare = DEFAULT_REPACK_SHARE, without = [] } = options;
    // Without the lease: a snapshot of this project may be taken meanwhile, like that of any other.
    return pruneSnapshots(this.#composition.context, {
      ...callOf(options),
      dryRun,
      repackShare,
      without: new Set(without),
    });
  }

  sessions(): Promise<readonly OpenSession[]> {
    return this.#composition.context.vault.sessions();
  }

  async endSession(id: string): Promise<void> {
    await this.#composition.context.vault.endSession(id);
  }

  async databaseUrl(name: string, options: CallOptions = {}): Promise<string> {
    const elsewhere = await this.#composition.urlOf(name);
    if (elsewhere !== undefined) return elsewhere;
    const database = this.database(name);
    await database.start(options);
    return database.url();
  }

  database(name?: string): ManagedDatabase {
    const { name: found, cluster } = this.#composition.cluster(name);
    return {
      name: found,
      start: (options = {}) =>
        this.#exclusively('db start', options, async ({ signal }) => {
          await cluster.ensureCreated(signal);
          await cluster.start(signal);
          return cluster.status();
        }),
      stop: (options = {}) =>
        this.#exclusively('db stop', options, async () => {
          await cluster.stop();
          return cluster.status();
        }),
      status: () => cluster.status(),
      url: () => cluster.url(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#composition[Symbol.asyncDispose]();
  }

  async #mark(
    ref: string,
    operation: 'hold' | 'release',
    options: CallOptions,
  ): Promise<SnapshotSummary | DamagedSnapshot> {
    return this.#exclusively(operation, options, async ({ signal }) => {
      const { state, clock, catalogue, ...context } = this.#composition.context;
      const vault = context.vault.within(signal);
      const found = findSnapshot(ref, await catalogue.list(signal), state.id);
      if (operation === 'hold') await vault.hold(found.entry, clock.now());
      else await vault.release(found.entry.id);
      return describeFound(found, await vault.holds());
    });
  }

  async #wayBack({ signal }: Call, point?: SnapshotId) {
    const { context } = this.#composition;
    const target = await this.#find(point ?? (await findUndo(context)), signal);
    return { target, ...(await stayedBefore(context, target.manifest.id)) };
  }

  async #find(ref: string, signal?: AbortSignal): Promise<Sealed> {
    const { state, catalogue } = this.#composition.context;
    return await catalogue.find(ref, state.id, signal);
  }

  /** Takes the lease, ends what a dead process left, then does the work. */
  async #exclusively<T>(
    operation: string,
    options: CallOptions,
    work: (call: Call, recovered: Awaited<ReturnType<Stillpoint['recover']>>) => Promise<T>,
  ): Promise<T> {
    const call = callOf(options);
    try {
      return await this.#holdingLease(operation, options, call, work);
    } catch (error) {
      throw reasonOf(error, call.signal);
    }
  }

  async #holdingLease<T>(
    operation: string,
    options: CallOptions,
    call: Call,
    work: (call: Call, recovered: Awaited<ReturnType<Stillpoint['recover']>>) => Promise<T>,
  ): Promise<T> {
    const { context } = this.#composition;
    await using _lease = await acquireLease({
      file: context.state.leaseFile,
      operation,
      waitMs: options.waitMs ?? 0,
      signal: call.signal,
      clock: context.clock,
    });
    const restored = await recoverRestore(context, call.signal, call.progress);
    const { resumed } = await runDueResumes(context.state.resumesDirectory, call);
    if (restored.action !== 'none') {
      call.progress({
        type: 'note:said',
        level: 'warn',
        text: `An earlier command died: ${restored.text}.`,
      });
      return await work(call, restored);
    }
    const recovered =
      resumed.length === 0
        ? restored
        : ({ action: 'resumed', text: `${resumed.join(', ')} resumed` } as const);
    return await work(call, recovered);
  }
}

function callOf({ signal, onProgress }: CallOptions): Call {
  return { signal: signal ?? new AbortController().signal, progress: onProgress ?? silent };
}

function partOf({ only }: RestoreOptions): Pick<RestoreOptions, 'only'> {
  return only === undefined ? {} : { only };
}

/** Node's own calls reject with an AbortError of theirs; whoever aborted is told the reason that was given. */
function reasonOf(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && error instanceof Error && error.name === 'AbortError'
    ? signal.reason
    : error;
}
