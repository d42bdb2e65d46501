// A run that goes on from a checkpoint: the same pair of sets, the same words of its random numbers, the same next tick.
import { failure } from '@stillpoint/core';
import type { CheckpointFacts, OpenCheckpoint } from '../checkpoint/contract.ts';
import { compareIdentity } from '../identity/index.ts';
import { clockOf } from '../state/index.ts';
import type { SectionLayout, StateSet } from '../state/contract.ts';
import type { ForcedMapping, Resumed, ResumeOptions } from './contract.ts';
import { adoptByName } from './adopt-by-name.ts';
import { ownRuntime } from './offer.ts';
import { damaged, isAs, readElements } from './read-section.ts';
import { prepareRun, runOf, startedFrom, type Prepared } from './run.ts';

/**
 * Throws RUN_WORLD_CHANGED where the world is another one and `force` is not given, RUN_CAPACITY_BELOW where more are alive than the
 * world has room for, RUN_OWN_LOOP for a checkpoint of a loop without a world, and what reading throws.
 */
export async function resumeRun(options: ResumeOptions): Promise<Resumed> {
  const { world, checkpoint, identity, assets = {}, force = false, slots } = options;
  const { facts, path: file } = checkpoint;
  if (facts.own !== null) throw failure('RUN_OWN_LOOP', { file });
  const changes = compareIdentity(facts.world, identity);
  if (changes.length > 0 && !force)
    throw failure('RUN_WORLD_CHANGED', { file, changes: changes.join('; ') });
  const warnings = runtimeWarnings(facts);
  const names = world.ir.parameters.map(({ name }) => name);
  const given = Object.entries(facts.parameters);
  const parameters = Object.fromEntries(given.filter(([name]) => names.includes(name)));
  const prepared = prepareRun({
    world,
    seed: facts.seed,
    parameters,
    assets,
    ...(slots === undefined ? {} : { slots }),
  });
  const { runId, lineage } = facts;
  if (changes.length === 0) {
    await readPair(prepared, checkpoint);
    const run = runOf(prepared);
    if (facts.stateHash !== null && run.stateHash() !== facts.stateHash)
      throw damaged(file, 'state', 'its hash is not the one that the run had');
    return { run, runId, lineage, warnings, forced: null };
  }
  // What the checkpoint cannot give is as a fresh run of the world has it.
  startedFrom(prepared);
  const forced = await adoptByName(prepared, checkpoint);
  return {
    run: runOf(prepared),
    runId,
    lineage,
    warnings: [...warnings, ...changes.map((change) => `The world was changed: ${change}.`)],
    forced: withParameters(forced, facts, names),
  };
}

/** The layout is the same: every section into its place. */
async function readPair({ layout, rotation }: Prepared, checkpoint: OpenCheckpoint): Promise<void> {
  for (const which of ['previous', 'current'] as const) {
    // Section after section; the tables of instances lie before the members that they count.
    for (const section of layout.sections)
      await readSection(rotation.target, which, section, checkpoint);
    checkClock(rotation.target, checkpoint);
    rotation.turn();
  }
}

async function readSection(
  set: StateSet,
  which: 'current' | 'previous',
  section: SectionLayout,
  checkpoint: OpenCheckpoint,
): Promise<void> {
  const name = `${which}/${section.name}`;
  const entry = checkpoint.sections.find((one) => one.name === name);
  if (entry === undefined || !isAs(entry, section))
    throw damaged(checkpoint.path, `section ${name}`, 'its form is not that of the same world');
  await readElements(set, section, entry, checkpoint);
}

/** A clock that names no era of its world would be met in the middle of a tick. */
function checkClock(set: StateSet, { path: file, facts }: OpenCheckpoint): void {
  const { tick, era } = clockOf(set);
  if (!Number.isSafeInteger(tick) || tick < 0 || facts.eras[era] === undefined)
    throw damaged(file, 'section @clock', 'it names a tick or an era that cannot be');
}

function runtimeWarnings({ runtime }: CheckpointFacts): readonly string[] {
  const own = ownRuntime();
  const names = { node: 'Node', v8: 'V8', arch: 'processor' } as const;
  const changes = (['node', 'v8', 'arch'] as const)
    .filter((key) => runtime[key] !== own[key])
    .map((key) => `${names[key]} ${runtime[key]}, now ${own[key]}`);
  if (changes.length === 0) return [];
  return [
    `The checkpoint was written under ${changes.join('; ')}. A world that uses Math.pow and its like instead of det may go on otherwise.`,
  ];
}

function withParameters(
  { dropped, defaulted }: ForcedMapping,
  { parameters }: CheckpointFacts,
  names: readonly string[],
): ForcedMapping {
  const had = Object.keys(parameters);
  const only = (one: readonly string[], other: readonly string[]): readonly string[] =>
    one.filter((name) => !other.includes(name)).map((name) => `parameter ${name}`);
  return {
    dropped: [...dropped, ...only(had, names)],
    defaulted: [...defaulted, ...only(names, had)],
  };
}
