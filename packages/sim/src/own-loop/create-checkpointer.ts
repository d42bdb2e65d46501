// Checkpoints of a loop of the user's own: the state is copied into a free slot and handed to the writer, whose answers are read
// between ticks.
import { systemClock, type Clock, type Json, type ProgressListener } from '@stillpoint/core';
import { createCheckpointWriter } from '../checkpoint/index.ts';
import type {
  CheckpointOffer,
  CheckpointOutcome,
  CheckpointWriter,
  WorldIdentity,
} from '../checkpoint/contract.ts';
import { createCadence } from './cadence.ts';
import type { Checkpointer, CheckpointerOptions, Restored, RestoreOptions } from './contract.ts';
import { offerOf, type Moment } from './facts-of-loop.ts';
import { hashOwnState } from './own-hash.ts';
import { identityOf } from './own-identity.ts';
import { isWasmMemory, partsOf, type OwnArrays, type Part } from './own-state.ts';
import { plainJson } from './plain-json.ts';
import { createPool, type Pool, type Slot } from './pool.ts';
import { openRunOfLoop, type RunOfLoop } from './run-of-loop.ts';
import { prepareRestore } from './restore.ts';

const OUTCOMES_KEPT = 100;
const USUAL_NAME = 'loop';

/** Opens a run for a loop. See CheckpointerOptions; the loop is told by tick() and ended by close(). */
export async function createCheckpointer<A extends OwnArrays>(
  options: CheckpointerOptions<A>,
): Promise<Checkpointer<A>> {
  const { state, slots = 2 } = options;
  if (!(Number.isSafeInteger(slots) && slots > 0))
    throw new TypeError(`slots: ${slots} is no number of copies.`);
  // Once before the loop: what cannot be stored is said now, and the buffers are there when they are needed.
  const { arrays, json } = state();
  const parts = partsOf(arrays);
  plainJson(json);
  const listener = options.onProgress ?? warnings;
  for (const [name, array] of Object.entries(arrays)) {
    if (isWasmMemory(array)) listener(wasmNote(name));
  }
  const clock = options.clock ?? systemClock;
  const due = createCadence(options, clock);
  const { directory, runId, name = USUAL_NAME, parameters = {} } = options;
  const run = await openRunOfLoop({
    directory,
    ...(runId === undefined ? {} : { runId }),
    name,
    hash: identityOf(name, options.hash, parts).hash,
    parameters,
    clock,
  });
  return new OwnCheckpointer(options, {
    pool: createPool(slots, parts),
    run,
    due,
    clock,
    listener,
  });
}

interface Made {
  readonly pool: Pool;
  readonly run: RunOfLoop;
  readonly due: (tick: number) => boolean;
  readonly clock: Clock;
  readonly listener: ProgressListener;
}

class OwnCheckpointer<A extends OwnArrays> implements Checkpointer<A> {
  readonly #options: CheckpointerOptions<A>;
  readonly #made: Made;
  readonly #counts = { written: 0, failed: 0, dropped: 0 };
  /** Those of the run: after a restore, of the one that goes on. */
  #parameters: Readonly<Record<string, number>>;
  #lastTick = 0;
  #identity: { readonly of: string; readonly is: WorldIdentity } | undefined;
  #newest: { readonly tick: number; readonly file: string } | null = null;
  #outcomes: CheckpointOutcome[] = [];
  #writer: CheckpointWriter | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: CheckpointerOptions<A>, made: Made) {
    this.#options = options;
    this.#made = made;
    this.#parameters = options.parameters ?? {};
  }

  get runId(): string {
    return this.#made.run.runId;
  }

  get counts(): Checkpointer<A>['counts'] {
    return { ...this.#counts };
  }

  get newest(): Checkpointer<A>['newest'] {
    return this.#newest;
  }

  tick(tick: number, simTimeSeconds = 0): boolean {
    this.#see(this.#open().poll());
    this.#goTo(tick, simTimeSeconds);
    return this.#made.due(tick) && this.offer(tick, simTimeSeconds);
  }

  offer(tick: number, simTimeSeconds = 0): boolean {
    const writer = this.#open();
    this.#goTo(tick, simTimeSeconds);
    this.#see(writer.poll());
    if (writer.free > 0) {
      const { parts, json } = this.#stateNow();
      const slot = this.#made.pool.copy(parts);
      if (slot !== undefined) {
        if (writer.offer(this.#offerOf({ tick, simTimeSeconds }, parts, json, slot))) return true;
        slot.release();
      }
    }
    this.#dropped(tick);
    return false;
  }

  poll(): readonly CheckpointOutcome[] {
    this.#see(this.#writer?.poll() ?? []);
    return this.#outcomes.splice(0);
  }

  async checkpoint(tick: number, simTimeSeconds = 0): Promise<{ readonly file: string }> {
    const writer = this.#open();
    this.#goTo(tick, simTimeSeconds);
    // Copied before anything is waited for: it is the state of this tick, whatever the loop does meanwhile.
    const { parts, json } = this.#stateNow();
    const { pool } = this.#made;
    const slot = pool.copy(parts) ?? pool.copyAside(parts);
    const offer = this.#offerOf({ tick, simTimeSeconds }, parts, json, slot);
    this.#see(writer.poll());
    while (writer.free === 0 || !writer.offer(offer)) this.#see(await writer.drain());
    const outcomes = await writer.drain();
    this.#see(outcomes);
    const own = outcomes.findLast((one) => one.tick === tick);
    if (own?.outcome === 'failed') throw own.error;
    // Else it was seen by a poll() meanwhile.
    if (this.#newest?.tick === tick) return { file: this.#newest.file };
    throw new Error(`The checkpoint of tick ${tick} was not written; poll() said why.`);
  }

  stateHash(): ReturnType<typeof hashOwnState> {
    return hashOwnState(this.#options.state());
  }

  async restore(
    from?: string,
    { force = false }: RestoreOptions = {},
  ): Promise<Restored<A> | undefined> {
    if (this.#writer !== undefined)
      throw new TypeError('restore() comes before the first tick that offers a checkpoint.');
    const { run } = this.#made;
    const found = await run.find(from);
    if (found === undefined) return undefined;
    await using checkpoint = found.checkpoint;
    try {
      const { arrays } = this.#options.state();
      const identity = this.#identityOf(partsOf(arrays));
      const how = { identity, force, note: this.#note };
      const fill = await prepareRestore(arrays, found, how);
      await run.goOnFrom(found);
      const { tick, parameters } = checkpoint.facts;
      this.#lastTick = tick;
      this.#newest = { tick, file: checkpoint.path };
      this.#parameters = parameters;
      return { ...fill(), runId: this.runId };
    } catch (error) {
      await run.letGo(found);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      if (this.#writer !== undefined) this.#see(await this.#writer.drain());
    } finally {
      await this.#writer?.close();
      await this.#made.run.close();
    }
  }

  /** The first time the run is begun: not before, for restore() may choose another. */
  #open(): CheckpointWriter {
    if (this.#closed !== undefined) throw new TypeError('The checkpointer is closed.');
    if (this.#writer !== undefined) return this.#writer;
    const { run } = this.#made;
    run.begin();
    const { keep, slots, fullEvery } = this.#options;
    this.#writer = createCheckpointWriter({
      runDirectory: run.path,
      ...(slots === undefined ? {} : { slots }),
      ...(keep === undefined ? {} : { keep }),
      ...(fullEvery === undefined ? {} : { fullEvery }),
    });
    return this.#writer;
  }

  /** Ticks that fall would be another history among the checkpoints of this one. */
  #goTo(tick: number, simTimeSeconds: number): void {
    if (!Number.isFinite(simTimeSeconds))
      throw new TypeError(`${simTimeSeconds} is no time of a simulation.`);
    if (!Number.isSafeInteger(tick) || tick < this.#lastTick)
      throw new TypeError(`The tick ${tick} cannot come after tick ${this.#lastTick}.`);
    this.#lastTick = tick;
  }

  #stateNow(): { readonly parts: readonly Part[]; readonly json: Json } {
    const { arrays, json } = this.#options.state();
    return { parts: partsOf(arrays), json: plainJson(json) };
  }

  #offerOf(at: Moment, parts: readonly Part[], json: Json, slot: Slot): CheckpointOffer {
    const { run, clock } = this.#made;
    const parameters = this.#parameters;
    const { runId, lineage } = run;
    const identity = this.#identityOf(parts);
    const moment = { ...at, lens: this.#options.lens?.()?.flush() };
    return offerOf({ runId, identity, parameters, lineage, clock }, moment, json, slot);
  }

  /** Digests take longer than small states: they are made anew only where names or types have changed. */
  #identityOf(parts: readonly Part[]): WorldIdentity {
    const of = parts.map(({ name, type }) => `${type} ${name}`).join('\n');
    if (this.#identity?.of === of) return this.#identity.is;
    const { name = USUAL_NAME, hash } = this.#options;
    const is = identityOf(name, hash, parts);
    this.#identity = { of, is };
    return is;
  }

  #see(outcomes: readonly CheckpointOutcome[]): void {
    for (const one of outcomes) {
      this.#counts[one.outcome]++;
      if (one.outcome === 'written') this.#newest = { tick: one.tick, file: one.file };
      else this.#note(textOf(one.error));
    }
    this.#outcomes.push(...outcomes);
    // A loop that never polls must not grow.
    this.#outcomes.splice(0, this.#outcomes.length - OUTCOMES_KEPT);
  }

  #dropped(tick: number): void {
    const count = ++this.#counts.dropped;
    // 1, 2, 4, 8, …: a run whose disk is too slow says so, and not each time.
    if ((count & (count - 1)) === 0)
      this.#note(
        `The checkpoint of tick ${tick} was dropped, for those before are still being written (${count} so far).`,
      );
  }

  readonly #note = (text: string): void => {
    this.#made.listener({ type: 'note:said', level: 'warn', text });
  };
}

const warnings: ProgressListener = (event) => {
  if (event.type === 'note:said' && event.level === 'warn')
    process.emitWarning(event.text, 'StillpointWarning');
};

function wasmNote(name: string): Parameters<ProgressListener>[0] {
  const text = `state().arrays.${name} shows to memory of WebAssembly, which moves when it grows: state() must make it anew each time.`;
  return { type: 'note:said', level: 'warn', text };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
