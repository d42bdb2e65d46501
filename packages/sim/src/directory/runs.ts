// The runs of a directory, and which of them is the latest: the one that was last set running, which a link says and no clock.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { RunListing, RunManifest } from './contract.ts';
import { pointedTo } from './link.ts';
import { factsFromFiles, readManifest, reconcile } from './manifest.ts';
import { isRunId } from './names.ts';
import { isRunLocked } from './run-lock.ts';

/** By their ids. Directories that hold no run are left out; a directory that is not there holds none. Changes nothing. */
export async function listRuns(directory: string): Promise<readonly RunListing[]> {
  const latest = await pointedTo(directory);
  const listings: RunListing[] = [];
  for (const runId of await runIds(directory)) {
    const runPath = path.resolve(directory, runId);
    const manifest = await manifestOf(runPath, runId);
    if (manifest === undefined) continue;
    const busy = await isRunLocked(runPath);
    listings.push({ runId, path: runPath, manifest, busy, latest: runId === latest });
  }
  return listings;
}

/**
 * The run that was last set running. Where the link that says so is gone (a file system or a copy without links): the one that was
 * made last by its own account, and among equals the last by its id. Undefined where there is none.
 */
export async function latestRun(
  directory: string,
): Promise<{ readonly runId: string; readonly path: string } | undefined> {
  const linked = await pointedTo(directory);
  if (linked !== undefined && isRunId(linked)) {
    const runPath = path.resolve(directory, linked);
    if ((await manifestOf(runPath, linked)) !== undefined) return { runId: linked, path: runPath };
  }
  const listings = await listRuns(directory);
  const [last] = listings.toSorted(
    (a, b) => compare(b.manifest.createdAt, a.manifest.createdAt) || compare(b.runId, a.runId),
  );
  return last && { runId: last.runId, path: last.path };
}

async function runIds(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((one) => one.isDirectory() && isRunId(one.name))
      .map(({ name }) => name)
      .toSorted(compare);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function manifestOf(runPath: string, runId: string): Promise<RunManifest | undefined> {
  try {
    const found = await readManifest(runPath);
    const facts = found ?? (await factsFromFiles(runPath));
    if (facts === undefined) return undefined;
    const known = found?.checkpoints ?? [];
    const checkpoints = await reconcile(runPath, known, { sizes: false, run: found });
    return { format: 1, status: 'running', ...facts, runId, checkpoints };
  } catch (error) {
    // Removed while we looked, or never a directory.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
