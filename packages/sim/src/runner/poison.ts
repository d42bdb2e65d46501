// Whether strata keep their promise to rewrite. What a stratum says it rewrites is not copied forward: an element that it leaves out
// would keep what some older tick left there, and which one depends on the checkpoints under way. So the first time that a stratum is
// due in an era, what it rewrites is filled with a NaN that nobody else makes, and after the tick none of it may be left anywhere: a
// NaN goes through arithmetic with its bits, so that reading an old value is found, too.
import { failure } from '@stillpoint/core';
import { INSTANCES } from '../state/index.ts';
import type { StateArray } from '../state/contract.ts';
import type { Plan } from './plan.ts';
import type { SetViews } from './views.ts';

/** Quiet NaNs whose payload says what they are. */
const HIGH_64 = 0x7ffd_e1a7;
const LOW_64 = 0x5171_1d0e;
const WORD_32 = 0x7fd5_e1a7;

export interface PoisonCheck {
  /** True where the tick has to be looked at afterwards. */
  begin(era: number, due: Uint8Array, from: SetViews, to: SetViews): boolean;
  /** Throws WORLD_NOT_REWRITTEN. */
  end(from: SetViews, to: SetViews): void;
}

export function createPoisonCheck(plan: Plan): PoisonCheck {
  const rewrites = plan.strata.map((_, stratum) =>
    plan.sections.flatMap(({ rewriter }, section) => (rewriter === stratum ? [section] : [])),
  );
  /** By era and stratum: it was looked at. */
  const done = plan.eras.map(() => rewrites.map((sections) => sections.length === 0));
  /** Of the tick under way. */
  let looked: boolean[] = [];
  const lookedAt: number[] = [];
  return {
    begin(era, due, from, to) {
      let any = false;
      looked = done[era]!;
      lookedAt.length = 0;
      for (let stratum = 0; stratum < rewrites.length; stratum += 1) {
        if (due[stratum] === 0 || looked[stratum]!) continue;
        lookedAt.push(stratum);
        any = true;
        for (const section of rewrites[stratum]!)
          poison(to.arrays[section]!, aliveElements(plan, section, from));
      }
      return any;
    },
    end(from, to) {
      for (const [section, { layout, rewriter }] of plan.sections.entries()) {
        const { kind, dtype, name } = layout;
        if ((kind !== 'signal' && kind !== 'member') || (dtype !== 'f64' && dtype !== 'f32'))
          continue;
        const index = findPoison(to.arrays[section]!, aliveElements(plan, section, from));
        if (index === -1) continue;
        const stratum = rewriter === -1 ? 'one of its strata' : plan.strata[rewriter]!.name;
        throw failure('WORLD_NOT_REWRITTEN', { signal: name, index, stratum });
      }
      for (const stratum of lookedAt) looked[stratum] = true;
    },
  };
}

function aliveElements(plan: Plan, section: number, from: SetViews): number {
  const { entity, elements } = plan.sections[section]!;
  return entity === -1 ? elements : elements * from.entities[entity]!.instances[INSTANCES.count]!;
}

// As words: what bits a NaN has that is stored as a number is the machine's choice.
function wordsOf(array: StateArray): Uint32Array {
  return new Uint32Array(array.buffer, array.byteOffset, array.byteLength / 4);
}

function poison(array: StateArray, elements: number): void {
  const words = wordsOf(array);
  if (array instanceof Float32Array) {
    words.fill(WORD_32, 0, elements);
    return;
  }
  for (let index = 0; index < elements; index += 1) {
    words[2 * index] = LOW_64;
    words[2 * index + 1] = HIGH_64;
  }
}

function findPoison(array: StateArray, elements: number): number {
  const words = wordsOf(array);
  if (array instanceof Float32Array) {
    const found = words.indexOf(WORD_32);
    return found < elements ? found : -1;
  }
  for (let index = 0; index < elements; index += 1)
    if (words[2 * index + 1] === HIGH_64 && words[2 * index] === LOW_64) return index;
  return -1;
}
