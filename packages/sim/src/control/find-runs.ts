// Which runs are alive: that is asked of each, for what a dead process left looks the same as what a living one wrote.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { answers, readControlFile, RUNS_DIRECTORY } from './open-socket.ts';

export interface LivingRun {
  readonly runId: string;
  readonly directory: string;
  readonly socket: string;
}

/** Undefined: it does not run. `runDirectory` is absolute. */
export async function findRunSocket(runDirectory: string): Promise<LivingRun | undefined> {
  const control = await readControlFile(runDirectory);
  if (control === undefined || !(await answers(control.socket))) return undefined;
  return { runId: control.runId, directory: runDirectory, socket: control.socket };
}

/** Those below `checkpointDirectory`, and all others of this user. */
export async function findLivingRuns(places: {
  readonly checkpointDirectory?: string;
  readonly socketDirectory: string;
}): Promise<readonly LivingRun[]> {
  const { checkpointDirectory, socketDirectory } = places;
  const below =
    checkpointDirectory === undefined
      ? []
      : (await namesIn(checkpointDirectory)).map((name) => path.join(checkpointDirectory, name));
  const listed = await listedDirectories(path.join(socketDirectory, RUNS_DIRECTORY));
  // By socket: `latest` is a second way to a directory.
  const found = new Map<string, LivingRun>();
  for (const directory of new Set([...below, ...listed])) {
    const living = await findRunSocket(directory);
    if (living === undefined) continue;
    const isLink = path.basename(directory) !== living.runId;
    if (!isLink || !found.has(living.socket)) found.set(living.socket, living);
  }
  return [...found.values()].toSorted((a, b) => (a.directory < b.directory ? -1 : 1));
}

async function listedDirectories(directory: string): Promise<readonly string[]> {
  const files = (await namesIn(directory)).filter((name) => name.endsWith('.json'));
  const read = await Promise.all(
    files.map(async (name) => {
      try {
        const text = await readFile(path.join(directory, name), 'utf8');
        return (JSON.parse(text) as { directory?: unknown }).directory;
      } catch {
        // It has just ended.
        return undefined;
      }
    }),
  );
  return read.filter((one) => typeof one === 'string');
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
