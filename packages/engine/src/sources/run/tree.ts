// Runs as `diff` sees them: the checkpoints that a snapshot has captured, and those that one would capture now. Which arrays differ in them is
// the simulation's to say.
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Json } from '@stillpoint/core';
import type { TreeAccess, TreeEntry } from '../contract.ts';
import { readOutline, verifySections } from './checkpoint-file.ts';
import type { RunContext } from './context.ts';
import { parseRecord } from './record.ts';
import { isCheckpointName, isMissing, newestIn } from './run-directory.ts';

type Entries = Map<string, TreeEntry>;

export function createTreeAccess(context: RunContext): TreeAccess {
  return {
    live: async (signal) => ({ entries: await liveEntries(context, signal) }),
    captured: async (record) => ({ entries: capturedEntries(context, record) }),
  };
}

function capturedEntries({ source }: RunContext, record: Json): Entries {
  const entries: Entries = new Map();
  for (const { run, files } of parseRecord(source, record).runs)
    for (const { name, digest, stream } of files ?? [])
      // Of one that was damaged then nobody knows what it was: it is like none but itself.
      add(entries, run, name, stream.bytes, async () => digest || `damaged: ${stream.digest}`);
  return entries;
}

/** The newest of the run that is followed, and the one that it rests on. */
async function liveEntries(context: RunContext, signal: AbortSignal): Promise<Entries> {
  const entries: Entries = new Map();
  const run = await context.chosen();
  if (run === undefined) return entries;
  let name = await newestIn(context.at(run));
  while (name !== undefined && !entries.has(`${run}/${name}`)) {
    const file = path.join(context.at(run), name);
    const bytes = await whileThere(async () => (await stat(file)).size);
    if (bytes === undefined) break;
    add(entries, run, name, bytes, () => digestIn(file, signal));
    const outline = await look(file, readOutline, signal);
    const base = typeof outline === 'object' ? outline.base?.file : undefined;
    name = base !== undefined && isCheckpointName(base) ? base : undefined;
  }
  return entries;
}

function add(
  entries: Entries,
  run: string,
  name: string,
  sizeBytes: number,
  digest: TreeEntry['digest'],
): void {
  const at = `${run}/${name}`;
  entries.set(at, { path: at, kind: 'file', mode: 0, sizeBytes, dependencyLock: false, digest });
}

/** Of what was read and is whole, as when it is captured: what a file says of itself may outlive what it says it of. */
function digestIn(file: string, signal: AbortSignal): Promise<string | undefined> {
  const verified = async (handle: FileHandle): Promise<string> => {
    const outline = await readOutline(handle);
    await verifySections(handle, outline, signal);
    return outline.digest;
  };
  return look(file, verified, signal);
}

/** Undefined: it is gone since. */
async function look<T>(
  file: string,
  work: (handle: FileHandle) => Promise<T>,
  signal: AbortSignal,
): Promise<T | 'damaged' | undefined> {
  const handle = await whileThere(() => open(file, 'r'));
  try {
    return handle && (await work(handle));
  } catch (error) {
    signal.throwIfAborted();
    // The disk's errors have a code; what is wrong with a checkpoint has none.
    if ((error as NodeJS.ErrnoException).code === undefined) return 'damaged';
    throw error;
  } finally {
    await handle?.close();
  }
}

async function whileThere<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
