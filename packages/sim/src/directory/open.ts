// Opens the directory of a run to write it: under its lock, cleared of what a dead process left, and its manifest in line with its files.
import { readdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory, isFailure, makeDirectory } from '@stillpoint/core';
import type { OpenRunOptions, RunDirectory, RunManifest, RunStatus } from './contract.ts';
import {
  checkpointFiles,
  factsFromFiles,
  readManifest,
  reconcile,
  writeManifest,
} from './manifest.ts';
import { checkRunId, isTemporary, LATEST } from './names.ts';
import { pointedTo, pointTo } from './link.ts';
import { newestThatVerifies } from './newest.ts';
import { takeRunLock } from './run-lock.ts';

/**
 * Throws RUN_ID_INVALID, RUN_UNKNOWN, RUN_EXISTS, RUN_BUSY, RUN_DIRECTORY_UNUSABLE; and RUN_NO_CHECKPOINT where there are files of
 * checkpoints and none of them can be opened.
 */
export async function openRunDirectory(options: OpenRunOptions): Promise<RunDirectory> {
  checkRunId(options.runId);
  try {
    return await open(options);
  } catch (error) {
    if (isFailure(error) || typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
    const { directory } = options;
    const why = (error as Error).message;
    throw failure('RUN_DIRECTORY_UNUSABLE', { directory, why }, error);
  }
}

async function open({ directory, runId: run, create }: OpenRunOptions): Promise<RunDirectory> {
  const parent = path.resolve(directory);
  const runPath = path.join(parent, run);
  if (create !== undefined) await makeRunDirectory(parent, runPath);
  else if (!(await isDirectory(runPath))) throw failure('RUN_UNKNOWN', { run, directory });
  const lock = await takeRunLock(runPath);
  if (lock === undefined) throw failure('RUN_BUSY', { run, directory });
  try {
    const manifest = await settle(runPath, { directory, runId: run, ...(create && { create }) });
    // Only now: before it is known to be a run, nothing in a directory is ours to remove.
    await removeLeftovers(runPath);
    const setStatus = async (status: RunStatus): Promise<void> => {
      const found = await readManifest(runPath);
      await writeManifest(runPath, { ...(found ?? manifest), status });
      if (status === 'running') await pointTo(parent, run);
    };
    if (create !== undefined) await pointTo(parent, run);
    return {
      runId: run,
      path: runPath,
      manifest,
      setStatus,
      [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function makeRunDirectory(parent: string, runPath: string): Promise<void> {
  await makeDirectory(runPath);
  await fsyncDirectory(parent);
  await fsyncDirectory(path.dirname(parent));
}

async function isDirectory(at: string): Promise<boolean> {
  const found = await stat(at).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return found?.isDirectory() === true;
}

/** Nobody else writes here: what is temporary is of a process that died, or of one that asks for the lock and will ask again. */
async function removeLeftovers(runPath: string): Promise<void> {
  for (const name of await readdir(runPath))
    if (isTemporary(name)) await unlink(path.join(runPath, name)).catch(ignoreMissing);
}

async function settle(
  runPath: string,
  { directory, runId: run, create }: OpenRunOptions,
): Promise<RunManifest> {
  const found = await readManifest(runPath);
  const checkpoints = await reconcile(runPath, found?.checkpoints ?? [], {
    sizes: true,
    run: found,
  });
  if (checkpoints.length === 0) {
    // Damaged, perhaps, and still the only copy: who takes the run for one that has none would begin it anew over them.
    const files = await checkpointFiles(runPath);
    if (files.length > 0 && create === undefined) await newestThatVerifies(runPath);
    if (files.length > 0) throw failure('RUN_EXISTS', { run, directory });
  } else if (create !== undefined) throw failure('RUN_EXISTS', { run, directory });
  const settled = await manifestOf(runPath, create, found, run);
  if (settled === undefined) throw failure('RUN_UNKNOWN', { run, directory });
  const manifest = { ...settled, checkpoints };
  if (JSON.stringify(manifest) !== JSON.stringify(found)) await writeManifest(runPath, manifest);
  const newest = checkpoints.at(-1)?.file;
  if (newest === undefined) await unlink(path.join(runPath, LATEST)).catch(ignoreMissing);
  else if ((await pointedTo(runPath)) !== newest) await pointTo(runPath, newest);
  return manifest;
}

async function manifestOf(
  runPath: string,
  create: OpenRunOptions['create'],
  found: RunManifest | undefined,
  runId: string,
): Promise<RunManifest | undefined> {
  if (create !== undefined) {
    const { world, seed, parameters, lineage, createdAt } = create;
    const facts = { world, seed, parameters, lineage, createdAt };
    return { format: 1, runId, ...facts, status: 'running', checkpoints: [] };
  }
  // A directory that was copied under another name is the run of that name.
  if (found !== undefined) return { ...found, runId };
  const facts = await factsFromFiles(runPath);
  return facts && { format: 1, ...facts, runId, status: 'running', checkpoints: [] };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
