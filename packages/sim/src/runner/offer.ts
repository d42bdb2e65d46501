// What a held pair is as a checkpoint: its sections, where they lie, and the facts beside them. Nothing is copied.
import type { Digest } from '@stillpoint/core';
import type {
  CheckpointFacts,
  CheckpointOffer,
  RuntimeFacts,
  SectionSource,
} from '../checkpoint/contract.ts';
import { aliveElements, bytesPerElement } from '../state/index.ts';
import type { LensMark } from '../lens/capture/contract.ts';
import type { HeldPair, SectionLayout, StateSet } from '../state/contract.ts';
import type { Run, RunLabel } from './contract.ts';

/** Of the process that this is. */
export function ownRuntime(): RuntimeFacts {
  const { version, versions, platform, arch } = process;
  return { node: version, v8: versions.v8, platform, arch };
}

export interface OfferOptions {
  readonly run: Run;
  readonly pair: HeldPair;
  readonly label: RunLabel;
  readonly createdAt: Date;
  readonly stateHash: Digest | null;
  readonly lens?: LensMark | undefined;
}

/** The offer of a pair that was held just now, before the next tick. */
export function offerOf(options: OfferOptions): CheckpointOffer {
  const { run, pair, label, createdAt, stateHash, lens } = options;
  const facts: CheckpointFacts = {
    runId: label.runId,
    tick: run.tick,
    simTimeSeconds: run.simTimeSeconds,
    era: run.era(),
    createdAt: createdAt.toISOString(),
    world: label.identity,
    runtime: ownRuntime(),
    seed: run.seed,
    parameters: run.parameters,
    eras: run.world.ir.eras.map(({ name }) => name),
    strata: run.world.ir.strata.map(({ name }) => name),
    stateHash,
    lens: lens?.facts ?? null,
    lineage: label.lineage ?? null,
    own: null,
  };
  const sections = [
    ...run.layout.sections.map((section) => sourceOf('current', section, pair.newest)),
    ...run.layout.sections.map((section) => sourceOf('previous', section, pair.previous)),
  ];
  return {
    facts,
    sections,
    ...(lens === undefined ? {} : { lensGoal: lens.goal }),
    release: () => pair.release(),
  };
}

function sourceOf(which: string, section: SectionLayout, set: StateSet): SectionSource {
  const { name, kind, dtype, offsetBytes } = section;
  const elements = aliveElements(section, set);
  return {
    name: `${which}/${name}`,
    kind,
    dtype,
    shape: shapeOf(section, elements),
    buffer: set.buffer,
    offsetBytes,
    lengthBytes: elements * bytesPerElement[dtype],
  };
}

function shapeOf({ kind, shape }: SectionLayout, elements: number): readonly number[] {
  if (kind === 'instances') return [elements];
  if (kind !== 'member') return shape;
  return [elements / shape.reduce((product, length) => product * length, 1), ...shape];
}
