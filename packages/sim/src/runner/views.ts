// What a step sees of a set. Made once a set, never in a tick: sets come back again and again.
import { streamOver } from '../random/index.ts';
import type { RandomStream } from '../random/contract.ts';
import { arrayOf, clockOf, INSTANCES, WORDS_PER_STREAM } from '../state/index.ts';
import type { ArrayOf, ClockState, StateArray, StateSet } from '../state/contract.ts';
import type { Plan } from './plan.ts';

export type Named = Record<string, StateArray>;

export interface SetViews {
  readonly set: StateSet;
  readonly clock: ClockState;
  /** By section. */
  readonly arrays: readonly StateArray[];
  readonly signals: Named;
  readonly entities: readonly {
    readonly instances: ArrayOf['u32'];
    readonly ids: ArrayOf['u32'];
    readonly members: Named;
  }[];
  /** One a stratum, last the one of `init`. */
  readonly streams: readonly RandomStream[];
  /** By section: the view of the elements that were alive when it was last asked for. */
  readonly alive: (StateArray | undefined)[];
}

export function viewsOf(plan: Plan, set: StateSet): SetViews {
  const arrays = plan.sections.map(({ layout }) => set.arrays.get(layout.name)!);
  const signals: Named = {};
  for (const name of plan.signals) signals[name] = set.arrays.get(name)!;
  const words = arrayOf(set, '@random', 'u32');
  const streams = [...plan.strata, 'init'].map((_, index) =>
    streamOver(words, index * WORDS_PER_STREAM),
  );
  const entities = plan.entities.map((entity) => {
    const instances = arrays[entity.instances] as ArrayOf['u32'];
    const members: Named = {};
    for (const { name, section } of entity.members) members[name] = arrays[section]!;
    return { instances, ids: instances.subarray(INSTANCES.firstId), members };
  });
  const alive = plan.sections.map(() => undefined);
  return { set, clock: clockOf(set), arrays, signals, entities, streams, alive };
}

/** The first `elements` of a section, without a new view where as many were alive the last time. */
export function aliveOf(views: SetViews, section: number, elements: number): StateArray {
  const array = views.arrays[section]!;
  if (array.length === elements) return array;
  const known = views.alive[section];
  if (known?.length === elements) return known;
  const made = array.subarray(0, elements);
  views.alive[section] = made;
  return made;
}
