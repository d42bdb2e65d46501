// What happens to the directory of a run once a checkpoint has its name: the manifest, then `latest`, then what is kept no longer goes.
import { unlink } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory } from '@stillpoint/core';
import type { CheckpointFacts } from '../checkpoint/contract.ts';
import type { CheckpointRecord, RunManifest } from './contract.ts';
import { pointTo } from './link.ts';
import { readManifest, reconcile, writeManifest } from './manifest.ts';

export interface RecordOptions {
  /** Checkpoints to keep; null: all. */
  readonly keep: number | null;
  /** By which a manifest that was lost meanwhile is made anew. */
  readonly facts: CheckpointFacts;
}

/** The file of `record` is durable. One call at a time. */
export async function recordCheckpoint(
  runDirectory: string,
  record: CheckpointRecord,
  { keep, facts }: RecordOptions,
): Promise<void> {
  const manifest = (await readManifest(runDirectory)) ?? manifestOf(facts);
  const others = manifest.checkpoints.filter(({ file }) => file !== record.file);
  const found = await reconcile(runDirectory, [...others, record], {
    sizes: false,
    run: manifest,
  });
  // What nobody knew of was there before this one was written.
  const checkpoints = [...found.filter(({ file }) => file !== record.file), record];
  await writeManifest(runDirectory, { ...manifest, checkpoints });
  await pointTo(runDirectory, record.file);
  if (keep === null) return;
  const gone = superfluous(checkpoints, keep);
  if (gone.length === 0) return;
  for (const { file } of gone) await unlink(path.join(runDirectory, file)).catch(ignoreMissing);
  await fsyncDirectory(runDirectory);
  const names = new Set(gone.map(({ file }) => file));
  const left = checkpoints.filter(({ file }) => !names.has(file));
  await writeManifest(runDirectory, { ...manifest, checkpoints: left });
}

/**
 * Before a file of this name is written. False where other checkpoints need the one that is there, and it is whole: it stays. Otherwise
 * its entry goes first: if the process dies before the new one has one, that is a file nobody knows, and therefore looked at.
 */
export async function makeWay(
  runDirectory: string,
  file: string,
  isWhole: (path: string) => Promise<boolean>,
): Promise<boolean> {
  const manifest = await readManifest(runDirectory);
  const needed = manifest?.checkpoints.some(({ base }) => base === file) === true;
  // Of one that is damaged or gone nobody has any good: a run that makes its tick again puts a whole one there.
  if (needed && (await isWhole(path.join(runDirectory, file)))) return false;
  if (manifest?.checkpoints.some((one) => one.file === file) === true) {
    const checkpoints = manifest.checkpoints.filter((one) => one.file !== file);
    await writeManifest(runDirectory, { ...manifest, checkpoints });
  }
  return true;
}

/** All but the last `keep` that were written, and but the bases that those need. */
export function superfluous(
  checkpoints: readonly CheckpointRecord[],
  keep: number,
): readonly CheckpointRecord[] {
  const kept = checkpoints.slice(-Math.max(1, keep));
  const needed = new Set(kept.flatMap(({ file, base }) => (base === null ? [file] : [file, base])));
  return checkpoints.filter(({ file }) => !needed.has(file));
}

function manifestOf(facts: CheckpointFacts): RunManifest {
  const { runId, world, seed, parameters, lineage, createdAt } = facts;
  const { name, hash } = world;
  return {
    format: 1,
    runId,
    world: { name, hash },
    seed,
    parameters,
    lineage,
    createdAt,
    status: 'running',
    checkpoints: [],
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
