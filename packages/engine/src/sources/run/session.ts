// One capture. A run that goes on is asked for a checkpoint inside the freeze, which costs it a hand-off; afterwards we wait until that is
// durable. Of one that does not, the newest checkpoint is its state. What is captured is opened as soon as it is there: a run may
// remove a checkpoint when it has newer ones, and an open file stays.
import { open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalBytes, failure, isFailure, type Json } from '@stillpoint/core';
import type { BeginOptions, CaptureSession, Captured, ObjectSink, StreamRef } from '../contract.ts';
import { readOutline, verifySections, type CheckpointOutline } from './checkpoint-file.ts';
import type { RunContext } from './context.ts';
import { bytesOf, parseRecord, type CapturedRun, type RunsRecord } from './record.ts';
import { connectToRun, RunGone, type RunControl } from './run-control.ts';
import {
  checkpointsIn,
  controlSocketOf,
  isMissing,
  isRunId,
  linkIn,
  MANIFEST,
  namesIn,
  newestIn,
} from './run-directory.ts';

/** All slots of the run's writer are taken: one becomes free when a file is written. */
const retryEveryMs = 10;

interface OpenFile {
  readonly name: string;
  readonly handle: FileHandle;
}

/** A run as it was marked. */
interface Marked {
  readonly run: string;
  readonly there: boolean;
  /** Of a run that goes on: durable later. */
  readonly promised: { readonly tick: number; readonly file: string } | undefined;
  readonly newest: string | null;
  readonly files: OpenFile[];
}

export async function beginSession(
  context: RunContext,
  { forUndo = false, history, sink, signal }: BeginOptions,
): Promise<CaptureSession> {
  const chosen = await context.chosen();
  const control = chosen === undefined ? undefined : await controlOf(context, chosen, signal);
  const earlier = await streamsOf(context, history);
  const runs = [...new Set([...(chosen === undefined ? [] : [chosen]), ...context.replaced])];
  const marked: Marked[] = [];
  let latest: string | null | undefined;
  return {
    async mark(until) {
      until.throwIfAborted();
      if (context.follows === 'latest') {
        const linked = await linkIn(context.directory);
        latest = linked !== undefined && isRunId(linked) ? linked : null;
      }
      for (const run of runs) {
        const asked = run === chosen ? control : undefined;
        marked.push(await markRun(context, run, { control: asked, forUndo, signal: until }));
      }
    },
    async capture() {
      const captured: CapturedRun[] = [];
      for (const one of marked)
        captured.push(await captureRun(context, one, { control, earlier, sink, signal, forUndo }));
      const record: RunsRecord = {
        version: 1,
        ...(latest === undefined ? {} : { latest }),
        runs: captured,
      };
      return {
        record: record as unknown as Json,
        strategy: control === undefined ? 'checkpoint' : 'mark',
        bytesTotal: bytesOf(record),
      } satisfies Captured;
    },
    async [Symbol.asyncDispose]() {
      control?.[Symbol.dispose]();
      for (const { files } of marked) for (const { handle } of files) await handle.close();
    },
  };
}

async function controlOf(
  context: RunContext,
  run: string,
  signal: AbortSignal,
): Promise<RunControl | undefined> {
  const address = await controlSocketOf(context.at(run));
  return address === undefined ? undefined : await connectToRun(address, signal);
}

interface MarkOptions {
  readonly control: RunControl | undefined;
  readonly forUndo: boolean;
  readonly signal: AbortSignal;
}

async function markRun(
  context: RunContext,
  run: string,
  { control, forUndo, signal }: MarkOptions,
): Promise<Marked> {
  const directory = context.at(run);
  const files: OpenFile[] = [];
  const there = (await namesIn(context.directory)).includes(run);
  try {
    const promised =
      control === undefined ? undefined : await markLiving(context, run, control, signal);
    const newest =
      promised === undefined ? ((await newestIn(directory)) ?? null) : path.basename(promised.file);
    const present = await checkpointsIn(directory);
    const wanted = forUndo ? present : present.filter((name) => name === newest);
    // What is promised is not there yet, or being replaced.
    for (const name of wanted) {
      if (name === newest && promised !== undefined) continue;
      if ((await openInto(files, directory, name)) || name !== newest) continue;
      // A loop of somebody's own, which cannot be asked, has newer ones by now.
      const file = path.join(directory, name);
      throw failure('RUN_CHECKPOINT_GONE', { source: context.source, file });
    }
    if (!forUndo && promised === undefined) await openBases(context, directory, files);
    return { run, there, promised, newest, files };
  } catch (error) {
    for (const { handle } of files) await handle.close();
    throw error;
  }
}

async function markLiving(
  context: RunContext,
  run: string,
  control: RunControl,
  signal: AbortSignal,
): Promise<{ readonly tick: number; readonly file: string }> {
  for (;;) {
    try {
      const { tick, file } = (await control.call('mark', {}, signal)) as Record<string, unknown>;
      if (typeof tick === 'number' && typeof file === 'string') return { tick, file };
      throw failure('CTL_REFUSED', { why: 'its mark names no file.' });
    } catch (error) {
      if (error instanceof RunGone)
        throw failure('RUN_ENDED_IN_CAPTURE', { source: context.source, run });
      if (!isFailure(error, 'CTL_CHECKPOINT_DROPPED')) throw error;
      await delay(retryEveryMs, undefined, { signal });
    }
  }
}

interface CaptureRunOptions {
  readonly control: RunControl | undefined;
  readonly earlier: ReadonlyMap<string, StreamRef>;
  readonly sink: ObjectSink;
  readonly signal: AbortSignal;
  readonly forUndo: boolean;
}

async function captureRun(
  context: RunContext,
  marked: Marked,
  options: CaptureRunOptions,
): Promise<CapturedRun> {
  const { run, there, promised, newest, files } = marked;
  const { control, sink, signal, forUndo } = options;
  if (!there) return { run, files: null, newest: null, manifest: null };
  const directory = context.at(run);
  if (promised !== undefined && control !== undefined) {
    await control.call('durable', { tick: promised.tick }, signal).catch((error: unknown) => {
      throw error instanceof RunGone
        ? failure('RUN_ENDED_IN_CAPTURE', { source: context.source, run })
        : error;
    });
    if (!(await openInto(files, directory, path.basename(promised.file))))
      throw failure('RUN_CHECKPOINT_GONE', { source: context.source, file: promised.file });
    await openBases(context, directory, files);
  }
  const captured = [];
  for (const { name, handle } of files) {
    const file = { directory, name, handle, beside: files };
    const outline = await checked(context, file, { signal, forUndo });
    const known = outline && options.earlier.get(`${name} ${outline.digest}`);
    const reused = known !== undefined && (await (sink.has?.(known) ?? true)) ? known : undefined;
    const bytes = (await handle.stat()).size;
    const stream = reused ?? (await sink.writeFile({ descriptor: handle.fd, bytes }));
    captured.push({ name, digest: outline?.digest ?? '', stream });
  }
  const manifest = await manifestOf(directory, new Set(files.map(({ name }) => name)));
  return {
    run,
    files: captured,
    newest: captured.some(({ name }) => name === newest) ? newest : null,
    manifest: manifest === undefined ? null : await sink.writeBytes(manifest),
  };
}

interface NamedFile extends OpenFile {
  readonly directory: string;
  /** All that are captured. */
  readonly beside: readonly OpenFile[];
}

/** A damaged one would be found when it is needed. For an undo point it is kept as it is: undefined. */
async function checked(
  context: RunContext,
  { directory, name, handle, beside }: NamedFile,
  { signal, forUndo }: Pick<CaptureRunOptions, 'signal' | 'forUndo'>,
): Promise<CheckpointOutline | undefined> {
  try {
    const outline = await readOutline(handle);
    await verifySections(handle, outline, signal);
    const { base } = outline;
    if (base !== null && !beside.some((one) => one.name === base.file))
      throw new Error(`its base ${base.file} is missing`);
    return outline;
  } catch (error) {
    signal.throwIfAborted();
    if (forUndo) return undefined;
    const data = { source: context.source, file: path.join(directory, name) };
    throw failure('RUN_CHECKPOINT_DAMAGED', { ...data, why: (error as Error).message }, error);
  }
}

/** False where it is not there any more. */
async function openInto(files: OpenFile[], directory: string, name: string): Promise<boolean> {
  try {
    files.push({ name, handle: await open(path.join(directory, name), 'r') });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Of an incremental checkpoint the whole one that it rests on. */
async function openBases(context: RunContext, directory: string, files: OpenFile[]): Promise<void> {
  for (const { handle } of files) {
    // What is wrong with it is said when it is captured.
    const base = await readOutline(handle).then(
      (outline) => outline.base,
      () => null,
    );
    if (base === null || files.some((one) => one.name === base.file)) continue;
    await openInto(files, directory, path.basename(base.file));
  }
}

/** The run's own, with the checkpoints that are captured: as it would be if the others had been removed. */
async function manifestOf(
  directory: string,
  names: ReadonlySet<string>,
): Promise<Uint8Array | undefined> {
  try {
    const text = await readFile(path.join(directory, MANIFEST), 'utf8');
    const manifest = JSON.parse(text) as { readonly checkpoints: readonly { file: string }[] };
    const checkpoints = manifest.checkpoints.filter(({ file }) => names.has(file));
    return canonicalBytes({ ...manifest, checkpoints });
  } catch {
    // Files are the truth: it is made anew from them.
    return undefined;
  }
}

/** Of the newest snapshot that has any, by name and digest: what is there already is not stored again. */
async function streamsOf(
  { source }: RunContext,
  history: AsyncIterable<Json>,
): Promise<ReadonlyMap<string, StreamRef>> {
  for await (const record of history) {
    const { runs } = parseRecord(source, record);
    const files = runs.flatMap((one) => one.files ?? []);
    return new Map(files.map(({ name, digest, stream }) => [`${name} ${digest}`, stream]));
  }
  return new Map();
}
