// Every byte of checkpoints, read and compared with what was written.
import { isFailure } from '@stillpoint/core';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from '../checkpoint/index.ts';
import { checkpointFilesIn } from './locate.ts';

export interface VerifiedCheckpoint {
  readonly file: string;
  readonly bytes: number;
  readonly ok: boolean;
  /** Null where it is not even known what it is of. */
  readonly runId: string | null;
  readonly tick: number | null;
  /** The error of the catalogue; null where it is whole. */
  readonly code: string | null;
  readonly why: string | null;
}

/** Rejects only for what is not about the file: an abort, a disk that cannot be read. */
export async function verifyCheckpoint(
  file: string,
  signal?: AbortSignal,
): Promise<VerifiedCheckpoint> {
  const { size: bytes } = await stat(file);
  let known: { readonly runId: string; readonly tick: number } | undefined;
  try {
    await using checkpoint = await openCheckpoint(file);
    known = checkpoint.facts;
    await checkpoint.verify(signal);
    const { runId, tick } = known;
    return { file, bytes, ok: true, runId, tick, code: null, why: null };
  } catch (error) {
    if (!isFailure(error)) throw error;
    const { runId = null, tick = null } = known ?? {};
    return { file, bytes, ok: false, runId, tick, code: error.code, why: error.message };
  }
}

/** All of a run, also those that no manifest names. */
export async function* verifyRun(
  run: string,
  signal?: AbortSignal,
): AsyncIterable<VerifiedCheckpoint> {
  for (const file of await checkpointFilesIn(run)) {
    signal?.throwIfAborted();
    yield await verifyCheckpoint(path.join(run, file), signal);
  }
}
