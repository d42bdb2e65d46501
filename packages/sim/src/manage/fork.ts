// A new run that begins with the state of another one's checkpoint, under other parameters. It remembers run, tick and digest of
// where it came from; the old run is only read.
import { failure, systemClock, type Clock, type Digest } from '@stillpoint/core';
import path from 'node:path';
import { createCheckpointWriter, openCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointFacts, OpenCheckpoint, SectionSource } from '../checkpoint/contract.ts';
import { openRunDirectory } from '../directory/index.ts';

export interface ForkOptions {
  readonly runId: string;
  /** That will hold the new run. */
  readonly directory: string;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

export interface ForkedRun {
  readonly runId: string;
  readonly path: string;
  readonly file: string;
  readonly tick: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly lineage: { readonly runId: string; readonly tick: number; readonly digest: Digest };
}

/** Throws RUN_EXISTS, CKPT_PARAMETER_UNKNOWN, and what openCheckpoint does. All of the state is in memory meanwhile. */
export async function forkCheckpoint(from: string, options: ForkOptions): Promise<ForkedRun> {
  const { runId, directory, signal, clock = systemClock } = options;
  await using checkpoint = await openCheckpoint(from);
  const { facts, digest } = checkpoint;
  const parameters = changed(facts, options.parameters ?? {});
  const lineage = { runId: facts.runId, tick: facts.tick, digest };
  const sections = await readAll(checkpoint, signal);
  const createdAt = clock.now().toISOString();
  const { world, seed } = facts;
  const { name, hash } = world;
  const create = { world: { name, hash }, seed, parameters, lineage, createdAt };
  await using run = await openRunDirectory({ directory, runId, create });
  // Lens and state hash: what was captured is the other run's, and the state is the same.
  const own = { ...facts, runId, parameters, lineage, createdAt, lens: null };
  const file = await write(run.path, own, sections);
  await run.setStatus('stopped');
  return { runId, path: run.path, file, tick: facts.tick, parameters, lineage };
}

async function write(
  runDirectory: string,
  facts: CheckpointFacts,
  sections: readonly SectionSource[],
): Promise<string> {
  const writer = createCheckpointWriter({ runDirectory });
  try {
    writer.offer({ facts, sections, release: () => {} });
    const [outcome] = await writer.drain();
    if (outcome?.outcome === 'written') return path.resolve(runDirectory, outcome.file);
    throw outcome?.error ?? new Error('The thread that writes said nothing of the checkpoint.');
  } finally {
    await writer.close();
  }
}

async function readAll(
  checkpoint: OpenCheckpoint,
  signal: AbortSignal | undefined,
): Promise<readonly SectionSource[]> {
  const sources: SectionSource[] = [];
  for (const { name, kind, dtype, shape, plainBytes } of checkpoint.sections) {
    signal?.throwIfAborted();
    const buffer = new SharedArrayBuffer(plainBytes);
    await checkpoint.readInto(name, new Uint8Array(buffer));
    sources.push({ name, kind, dtype, shape, buffer, offsetBytes: 0, lengthBytes: plainBytes });
  }
  return sources;
}

function changed(
  { parameters }: CheckpointFacts,
  wanted: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const known = Object.keys(parameters);
  for (const name of Object.keys(wanted)) {
    if (known.includes(name)) continue;
    const names = known.length === 0 ? 'none' : known.join(', ');
    throw failure('CKPT_PARAMETER_UNKNOWN', { name, known: names });
  }
  return { ...parameters, ...wanted };
}
