// The checkpoint that a run is resumed from: the last one written of which every byte verifies.
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { openCheckpoint } from '../checkpoint/index.ts';
import type { NewestCheckpoint, RunManifest } from './contract.ts';
import { checkpointFiles, isOfRun, readManifest } from './manifest.ts';
import { tickOfName } from './names.ts';

/** Reads whole files, from the newest on, until one is good. Throws RUN_NO_CHECKPOINT, which names those that were not. */
export async function newestThatVerifies(
  runDirectory: string,
  signal?: AbortSignal,
): Promise<NewestCheckpoint> {
  const skipped: { readonly file: string; readonly why: string }[] = [];
  const run = await readManifest(runDirectory);
  for (const file of await newestFirst(runDirectory, run)) {
    signal?.throwIfAborted();
    const at = path.resolve(runDirectory, file);
    try {
      await using checkpoint = await openCheckpoint(at);
      await checkpoint.verify(signal);
      if (checkpoint.facts.tick !== tickOfName(file))
        throw new Error(`${file} is of tick ${checkpoint.facts.tick}`);
      if (run !== undefined && !isKnown(run, file) && !isOfRun(checkpoint.facts, run))
        throw new Error(`${file} is of the run ${checkpoint.facts.runId}`);
      return { file: at, tick: checkpoint.facts.tick, skipped };
    } catch (error) {
      signal?.throwIfAborted();
      skipped.push({ file: at, why: error instanceof Error ? error.message : String(error) });
    }
  }
  const why = skipped.map((one) => one.why).join(' ');
  throw failure('RUN_NO_CHECKPOINT', { directory: runDirectory, skipped: why || 'It has none.' });
}

/** As the manifest has them; files that it does not know were written after it was, and among them the tick decides. */
async function newestFirst(
  runDirectory: string,
  manifest: RunManifest | undefined,
): Promise<readonly string[]> {
  const files = await checkpointFiles(runDirectory);
  const there = new Set(files);
  const known = (manifest?.checkpoints ?? []).map(({ file }) => file);
  const named = new Set(known);
  const ordered = known.filter((file) => there.has(file));
  return [...ordered, ...files.filter((file) => !named.has(file))].toReversed();
}

function isKnown({ checkpoints }: RunManifest, name: string): boolean {
  return checkpoints.some(({ file }) => file === name);
}
