// Checkpoint files for the tests of what is done with them.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createCheckpointWriter, type CheckpointFacts } from '../../checkpoint/index.ts';
import { factsOf, smallShapes, stateOf, type TestState } from '../../checkpoint/testing/states.ts';
import { openRunDirectory } from '../../directory/index.ts';

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-manage-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export interface WrittenRun {
  readonly path: string;
  /** Of each tick that was asked for. */
  readonly files: readonly string[];
}

/** Writes one checkpoint for each tick, of a state that `change` may alter before. */
export async function writeRun(
  directory: string,
  runId: string,
  ticks: readonly number[],
  {
    state = stateOf(smallShapes),
    change = () => {},
    facts = {},
    fullEvery = 1,
  }: {
    readonly state?: TestState;
    readonly change?: (tick: number) => void;
    readonly facts?: Partial<CheckpointFacts>;
    readonly fullEvery?: number;
  } = {},
): Promise<WrittenRun> {
  const of = { ...factsOf(0), runId, ...facts };
  const { world, seed, parameters, lineage, createdAt } = of;
  const { name, hash } = world;
  const create = { world: { name, hash }, seed, parameters, lineage, createdAt };
  await using run = await openRunDirectory({ directory, runId, create });
  const writer = createCheckpointWriter({ runDirectory: run.path, fullEvery });
  const files: string[] = [];
  for (const tick of ticks) {
    change(tick);
    writer.offer({ facts: { ...of, tick }, sections: state.sections, release: () => {} });
    for (const outcome of await writer.drain()) {
      if (outcome.outcome === 'failed') throw outcome.error;
      files.push(path.resolve(run.path, outcome.file));
    }
  }
  await writer.close();
  return { path: run.path, files };
}
