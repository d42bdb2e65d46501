// One tick after the other; see "How a tick goes" in docs/guide/simulation.md. Nothing is allocated here: what a step gets is the same
// object in every tick, with its properties set anew.
import { failure, isFailure } from '@stillpoint/core';
import type { Rotation, StateSet } from '../state/contract.ts';
import type { AnyStep, AnyView } from './contract.ts';
import { copyForward } from './copy-forward.ts';
import type { Plan } from './plan.ts';
import { createPoisonCheck, type PoisonCheck } from './poison.ts';
import { Population } from './population.ts';
import { viewsOf, type SetViews } from './views.ts';

/** Of the world and the run, the same in every tick. */
export interface TickerOptions {
  readonly world: string;
  readonly plan: Plan;
  readonly rotation: Rotation;
  readonly parameters: Readonly<Record<string, number>>;
  readonly assets: Readonly<Record<string, Uint8Array>>;
}

/** An object of ours that is handed out under the read-only type of the contract. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class Ticker {
  readonly #world: string;
  readonly #plan: Plan;
  readonly #rotation: Rotation;
  readonly #poison: PoisonCheck;
  readonly #views = new WeakMap<StateSet, SetViews>();
  readonly #populations: readonly Population[];
  readonly #step: Writable<AnyStep>;
  /** For the conditions of eras. */
  readonly #finished: Writable<AnyView>;
  readonly #seen: Record<string, Writable<AnyView['entities'][string]>> = {};
  readonly #due: Uint8Array;

  constructor({ world, plan, rotation, parameters, assets }: TickerOptions) {
    this.#world = world;
    this.#plan = plan;
    this.#rotation = rotation;
    this.#poison = createPoisonCheck(plan);
    this.#due = new Uint8Array(plan.strata.length);
    this.#populations = plan.entities.map((_, index) => new Population(plan, index));
    const named = plan.entities.map(({ name }, index) => [name, this.#populations[index]!]);
    const views = this.viewsOf(rotation.newest);
    const era = plan.eras[0]!.name;
    this.#step = {
      tick: 0,
      timeSeconds: 0,
      dtSeconds: 0,
      era,
      parameters,
      random: views.streams[0]!,
      previous: views.signals,
      current: views.signals,
      entities: Object.fromEntries(named) as AnyStep['entities'],
      assets,
    };
    for (const [index, { name }] of plan.entities.entries()) {
      const { ids, members } = views.entities[index]!;
      this.#seen[name] = { count: 0, ids, members };
    }
    const { signals } = views;
    const entities = this.#seen;
    this.#finished = { tick: 0, timeSeconds: 0, era, parameters, signals, entities, assets };
  }

  viewsOf(set: StateSet): SetViews {
    let views = this.#views.get(set);
    if (views === undefined) this.#views.set(set, (views = viewsOf(this.#plan, set)));
    return views;
  }

  /** Whatever throws in here leaves the newest set and the one before as they are. */
  step(): void {
    const from = this.viewsOf(this.#rotation.newest);
    const to = this.viewsOf(this.#rotation.target);
    const { clock } = from;
    const tick = clock.tick + 1;
    const eraIndex = clock.era;
    const era = this.#plan.eras[eraIndex]!;
    const due = this.#due;
    for (let stratum = 0; stratum < due.length; stratum += 1) {
      const every = era.every[stratum]!;
      due[stratum] = every !== 0 && tick % every === 0 ? 1 : 0;
    }
    copyForward(this.#plan, from, to, due);
    to.clock.tick = tick;
    to.clock.simTimeSeconds = clock.simTimeSeconds + era.dtSeconds;
    const checked = this.#poison.begin(eraIndex, due, from, to);
    this.#runStrata(eraIndex, from, to);
    if (checked) this.#poison.end(from, to);
    for (let index = 0; index < this.#populations.length; index += 1)
      this.#populations[index]!.end(to);
    this.#leaveEra(eraIndex, to);
    this.#rotation.turn();
  }

  #runStrata(eraIndex: number, from: SetViews, to: SetViews): void {
    const { strata, eras } = this.#plan;
    const era = eras[eraIndex]!;
    const w = this.#step;
    w.tick = to.clock.tick;
    w.timeSeconds = to.clock.simTimeSeconds;
    w.era = era.name;
    w.previous = from.signals;
    w.current = to.signals;
    for (let index = 0; index < this.#populations.length; index += 1)
      this.#populations[index]!.begin(from, to);
    for (let stratum = 0; stratum < strata.length; stratum += 1) {
      if (this.#due[stratum] === 0) continue;
      w.dtSeconds = era.dtSeconds * era.every[stratum]!;
      w.random = to.streams[stratum]!;
      try {
        strata[stratum]!.step(w);
      } catch (error) {
        throw this.#stepFailed(error, strata[stratum]!.name, w.tick);
      }
    }
  }

  #leaveEra(eraIndex: number, to: SetViews): void {
    const { next } = this.#plan.eras[eraIndex]!;
    if (next.length === 0) return;
    const finished = this.#show(to, eraIndex);
    for (let index = 0; index < next.length; index += 1) {
      const { to: entered, name, when } = next[index]!;
      let left: boolean;
      try {
        left = when(finished);
      } catch (error) {
        throw this.#stepFailed(error, name, finished.tick);
      }
      if (!left) continue;
      to.clock.era = entered;
      to.clock.eraStartedTick = finished.tick;
      return;
    }
  }

  #show(views: SetViews, era: number): AnyView {
    const finished = this.#finished;
    finished.tick = views.clock.tick;
    finished.timeSeconds = views.clock.simTimeSeconds;
    finished.era = this.#plan.eras[era]!.name;
    finished.signals = views.signals;
    for (let index = 0; index < this.#plan.entities.length; index += 1) {
      const seen = this.#seen[this.#plan.entities[index]!.name]!;
      const { instances, ids, members } = views.entities[index]!;
      seen.count = instances[0]!;
      seen.ids = ids;
      seen.members = members;
    }
    return finished;
  }

  #stepFailed(error: unknown, where: string, tick: number): unknown {
    if (isFailure(error)) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return failure('RUN_STEP_FAILED', { world: this.#world, where, tick, reason }, error);
  }

  /** Makes the state of tick 0 in the target. The streams are seeded already. */
  init(init: ((w: AnyStep) => void) | undefined): void {
    const to = this.viewsOf(this.#rotation.target);
    const w = this.#step;
    w.random = to.streams.at(-1)!;
    w.previous = to.signals;
    w.current = to.signals;
    for (const population of this.#populations) population.beginInit(to);
    try {
      init?.(w);
    } catch (error) {
      throw this.#stepFailed(error, 'init', 0);
    }
    this.#rotation.turn();
  }

  /** A view of its own, for whoever asks between two ticks. */
  view(): AnyView {
    const views = this.viewsOf(this.#rotation.newest);
    const shown = this.#show(views, views.clock.era);
    const entities = Object.fromEntries(
      Object.entries(shown.entities).map(([name, seen]) => [name, { ...seen }]),
    );
    return { ...shown, entities };
  }
}
