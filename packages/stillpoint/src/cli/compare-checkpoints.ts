// What differs in two checkpoints of runs, for the engine's diff: the simulation library looks into them where it is installed.
import { isFailure } from '@stillpoint/core';
import type { ArrayChange, CheckpointChanges, FromTo } from '@stillpoint/engine';
import type { SectionDifference } from '@stillpoint/sim';
import { loadSim } from './load-sim.ts';

/** They follow from the tick, which the diff has already. */
const OF_THE_TICK = new Set(['tick', 'simTimeSeconds']);

/** Undefined: it is not installed. The files of a run are compared without it. */
export async function compareCheckpoints(
  { from, to }: FromTo<string>,
  signal: AbortSignal,
): Promise<CheckpointChanges | undefined> {
  const sim = await loadSim().catch((error: unknown) => {
    if (isFailure(error, 'SIM_MISSING')) return undefined;
    throw error;
  });
  if (sim === undefined) return undefined;
  const { facts, sections, equalSections } = await sim.diffCheckpoints(from, to, { signal });
  return {
    facts: facts.filter(({ name }) => !OF_THE_TICK.has(name)),
    arrays: sections.map(changeOf),
    equalArrays: equalSections,
  };
}

function changeOf(difference: SectionDifference): ArrayChange {
  const { name, kind } = difference;
  const changed = { name, state: 'changed', layout: null, values: null } as const;
  if (kind === 'layout') {
    const { from, to } = difference;
    return { ...changed, layout: { from, to } };
  }
  if (kind === 'values') {
    const { elements, differing, maxAbsolute, maxRelative } = difference;
    return { ...changed, values: { elements, differing, maxAbsolute, maxRelative } };
  }
  return { ...changed, state: kind === 'only in from' ? 'removed' : 'added' };
}
