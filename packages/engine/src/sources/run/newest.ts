// The newest checkpoint of each run, for `diff` to look into: as it lies in the run, or taken out of a snapshot with the one that it rests on.
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectory, type Json } from '@stillpoint/core';
import type { ObjectSource, RunAccess, RunCheckpoint, RunCheckpoints } from '../contract.ts';
import { readOutline } from './checkpoint-file.ts';
import type { RunContext } from './context.ts';
import { parseRecord, type CapturedFile } from './record.ts';
import { isMissing, newestIn, tickOf } from './run-directory.ts';

export function createRunAccess(context: RunContext): RunAccess {
  return {
    live: () => liveNewest(context),
    captured: (record, source) => capturedNewest(context, record, source),
  };
}

async function liveNewest(context: RunContext): Promise<RunCheckpoints> {
  const found = new Map<string, RunCheckpoint>();
  const run = await context.chosen();
  const name = run === undefined ? undefined : await newestIn(context.at(run));
  if (run === undefined || name === undefined) return found;
  const file = path.join(context.at(run), name);
  const sizeOf = async (): Promise<number | undefined> => {
    try {
      return (await stat(file)).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  const bytes = await sizeOf();
  if (bytes === undefined) return found;
  found.set(run, {
    tick: tickOf(name),
    digest: await digestIn(file),
    bytes,
    toFile: async () => ((await sizeOf()) === undefined ? undefined : file),
  });
  return found;
}

async function digestIn(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, 'r');
    return (await readOutline(handle)).digest;
  } catch {
    // Gone or damaged: its reader says so.
    return undefined;
  }
}

function capturedNewest(context: RunContext, record: Json, source: ObjectSource): RunCheckpoints {
  const found = new Map<string, RunCheckpoint>();
  for (const { run, files, newest } of parseRecord(context.source, record).runs) {
    const file = files?.find(({ name }) => name === newest);
    if (files === null || file === undefined) continue;
    const others = files.filter((one) => one !== file).map(({ stream }) => stream.bytes);
    found.set(run, {
      tick: tickOf(file.name),
      digest: file.digest || undefined,
      bytes: file.stream.bytes + Math.max(0, ...others),
      toFile: (directory, signal) => takeOut(directory, { file, files, source, signal }),
    });
  }
  return found;
}

interface Taking {
  readonly file: CapturedFile;
  /** An undo point has all of the run's. */
  readonly files: readonly CapturedFile[];
  readonly source: ObjectSource;
  readonly signal: AbortSignal;
}

async function takeOut(
  directory: string,
  { file, files, source, signal }: Taking,
): Promise<string> {
  await makeDirectory(directory);
  for (let next: CapturedFile | undefined = file; next !== undefined;) {
    const base = await writeOne(path.join(directory, next.name), next, source, signal);
    const under: CapturedFile | undefined = files.find(({ name }) => name === base);
    // One that names itself, or one before it, is damaged; its reader says so.
    next = under !== undefined && tickOf(under.name) < tickOf(next.name) ? under : undefined;
  }
  return path.join(directory, file.name);
}

/** Resolves to the file that it rests on. */
async function writeOne(
  to: string,
  { stream }: CapturedFile,
  source: ObjectSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  const handle = await open(to, 'wx+', 0o600);
  try {
    for await (const piece of source.readStream(stream)) {
      signal.throwIfAborted();
      await handle.writeFile(piece);
    }
    // What is damaged is said by its reader.
    return await readOutline(handle).then(
      ({ base }) => base?.file,
      () => undefined,
    );
  } finally {
    await handle.close();
  }
}
