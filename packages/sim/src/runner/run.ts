// A run in memory: started from its seed, or handed a pair of sets that a checkpoint held.
import { arrayOf, createRotation, hashState, layoutOf, WORDS_PER_STREAM } from '../state/index.ts';
import type { Rotation, StateLayout } from '../state/contract.ts';
import { seedStream } from '../random/index.ts';
import type { AnyStep, Run, RunOptions } from './contract.ts';
import { parametersOf } from '../world/index.ts';
import { planOf, type Plan } from './plan.ts';
import { Ticker } from './ticker.ts';

const USUAL_SEED = '1';

/** Begins a run: the state of tick 0 is there when this returns. */
export function startRun(options: RunOptions): Run {
  const prepared = prepareRun(options);
  startedFrom(prepared);
  return runOf(prepared);
}

/** Makes the state of tick 0 in the newest set and the one before. */
export function startedFrom({ world, rotation, plan, seed, ticker }: Prepared): void {
  const words = arrayOf(rotation.target, '@random', 'u32');
  for (const [index, { name }] of plan.strata.entries())
    seedStream(words, index * WORDS_PER_STREAM, seed, `stratum ${name}`);
  seedStream(words, plan.strata.length * WORDS_PER_STREAM, seed, 'init');
  const { definition } = world;
  ticker.init(definition.init === undefined ? undefined : (w: AnyStep) => definition.init?.(w));
  // Before the first tick there was nothing else.
  copyBytes(rotation.newest.buffer, rotation.previous.buffer);
}

export interface Prepared extends Required<Pick<RunOptions, 'world' | 'seed' | 'assets'>> {
  readonly parameters: Readonly<Record<string, number>>;
  readonly layout: StateLayout;
  readonly plan: Plan;
  readonly rotation: Rotation;
  readonly ticker: Ticker;
}

/** All of a run but its state. */
export function prepareRun({
  world,
  seed = USUAL_SEED,
  assets = {},
  ...options
}: RunOptions): Prepared {
  // A step that wrote into them would change what no checkpoint says.
  const parameters = Object.freeze(parametersOf(world.ir, options.parameters));
  const layout = layoutOf(world.ir);
  const rotation = createRotation({
    layout,
    ...(options.slots === undefined ? {} : { slots: options.slots }),
  });
  const plan = planOf(world, layout);
  const ticker = new Ticker({ world: world.ir.name, plan, rotation, parameters, assets });
  return { world, seed, assets, parameters, layout, plan, rotation, ticker };
}

export function runOf({ world, seed, parameters, layout, plan, rotation, ticker }: Prepared): Run {
  return {
    world,
    layout,
    seed,
    parameters,
    get tick() {
      return ticker.viewsOf(rotation.newest).clock.tick;
    },
    get simTimeSeconds() {
      return ticker.viewsOf(rotation.newest).clock.simTimeSeconds;
    },
    clock() {
      const { tick, simTimeSeconds, era, eraStartedTick } = ticker.viewsOf(rotation.newest).clock;
      return { tick, simTimeSeconds, era, eraStartedTick };
    },
    era: () => plan.eras[ticker.viewsOf(rotation.newest).clock.era]!.name,
    step: () => ticker.step(),
    prepare: (pairs) => rotation.prepare(pairs),
    hold: () => rotation.hold(),
    stateHash: () => hashState(layout, rotation.newest),
    view: () => ticker.view(),
  };
}

export function copyBytes(from: SharedArrayBuffer, to: SharedArrayBuffer): void {
  new Uint8Array(to).set(new Uint8Array(from));
}
