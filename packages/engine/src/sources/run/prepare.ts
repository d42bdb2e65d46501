// A state of runs prepared beside the live ones, and proved: every byte of every checkpoint against what it says of itself.
import { chown, mkdir, open, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { countText, failure, fsyncDirectory, type Json } from '@stillpoint/core';
import type { ObjectSource, PrepareOptions, Placement, Proof, StreamRef } from '../contract.ts';
import { readOutline, verifySections } from './checkpoint-file.ts';
import type { RunContext } from './context.ts';
import {
  markPrepared,
  newPlacementId,
  placeMarker,
  stagedAt,
  type RunPlacement,
} from './placement.ts';
import { parseRecord, type CapturedRun, type RunsRecord } from './record.ts';
import { checkpointsIn, LATEST, MANIFEST } from './run-directory.ts';

export async function prepareRuns(
  context: RunContext,
  record: Json,
  options: PrepareOptions,
): Promise<Placement> {
  const parsed = parseRecord(context.source, record);
  const { onlyToProve = false, workDirectory } = options;
  if (!onlyToProve) for (const { run } of parsed.runs) await context.refuseRunning(run);
  const placement: RunPlacement = {
    ...placementOf(newPlacementId(), parsed),
    ...(onlyToProve ? { elsewhere: path.join(workDirectory, 'runs') } : {}),
  };
  if (!onlyToProve) await markPrepared(context, placement.id);
  const owner = await ownerOf(context.directory);
  for (const one of parsed.runs) {
    if (one.files === null) continue;
    const directory = stagedAt(context, placement, one.run);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await stageRun(directory, one, { ...options, owner });
    await placeMarker(directory, placement.id);
    await give(directory, owner);
    await fsyncDirectory(directory);
    await fsyncDirectory(path.dirname(directory));
  }
  return { ...placement };
}

/** What leads back: the live directories themselves, which a switch puts aside. */
export async function placementOfLive(context: RunContext, record: Json): Promise<Placement> {
  const placement = placementOf(newPlacementId(), parseRecord(context.source, record));
  for (const { run, there } of placement.runs)
    if (there) await placeMarker(context.at(run), placement.id);
  return { ...placement };
}

function placementOf(id: string, { runs, latest }: RunsRecord): RunPlacement {
  return {
    version: 1,
    id,
    runs: runs.map(({ run, files }) => ({
      run,
      there: files !== null,
      files: (files ?? []).map(({ name }) => name),
      damaged: (files ?? []).filter(({ digest }) => digest === '').map(({ name }) => name),
    })),
    ...(latest === undefined ? {} : { latest }),
  };
}

type Owner = { readonly uid: number; readonly gid: number } | undefined;

async function stageRun(
  directory: string,
  { files, manifest, newest }: CapturedRun,
  { source, signal, owner }: PrepareOptions & { readonly owner: Owner },
): Promise<void> {
  for (const { name, stream } of files ?? []) {
    signal.throwIfAborted();
    await writeStream(path.join(directory, name), stream, source, owner);
  }
  if (manifest !== null) await writeStream(path.join(directory, MANIFEST), manifest, source, owner);
  if (newest !== null) await symlink(newest, path.join(directory, LATEST));
}

async function writeStream(
  file: string,
  stream: StreamRef,
  source: ObjectSource,
  owner: Owner,
): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    for await (const piece of source.readStream(stream)) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await give(file, owner);
}

/** Only root can give files away, and must: the run goes on as somebody else. */
async function give(file: string, owner: Owner): Promise<void> {
  if (owner !== undefined && process.getuid?.() === 0) await chown(file, owner.uid, owner.gid);
}

async function ownerOf(directory: string): Promise<Owner> {
  return await stat(directory).catch(() => undefined);
}

export async function proveRuns(
  context: RunContext,
  placement: RunPlacement,
  signal: AbortSignal,
): Promise<Proof> {
  const checks: string[] = [];
  for (const { run, there, damaged } of placement.runs) {
    if (!there) continue;
    const directory = stagedAt(context, placement, run);
    const names = await checkpointsIn(directory);
    const whole = names.filter((name) => !damaged.includes(name));
    for (const name of whole) await proveOne(context, { directory, name, names, signal });
    checks.push(
      `${run}: every byte of ${countText(whole.length, 'checkpoint')} is as it was written`,
    );
    if (damaged.length > 0)
      checks.push(`${run}: damaged already when it was captured: ${damaged.join(', ')}`);
  }
  return { checks };
}

interface ProveOptions {
  readonly directory: string;
  readonly name: string;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

async function proveOne(
  { source }: RunContext,
  { directory, name, names, signal }: ProveOptions,
): Promise<void> {
  const handle = await open(path.join(directory, name), 'r');
  try {
    const outline = await readOutline(handle);
    await verifySections(handle, outline, signal);
    const { base } = outline;
    if (base !== null && !names.includes(base.file)) throw new Error(`${base.file} is missing`);
  } catch (error) {
    signal.throwIfAborted();
    const reason = `${name}: ${(error as Error).message}`;
    throw failure('RESTORE_NOT_PROVED', { source, reason }, error);
  } finally {
    await handle.close();
  }
}
