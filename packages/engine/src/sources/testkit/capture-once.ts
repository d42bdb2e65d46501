// One capture by one driver, as the tests of a room take it: begin, mark, capture, with a word in between.
import { newSnapshotId, silent, type Json, type SnapshotId } from '@stillpoint/core';
import type { Captured, SourceDriver } from '../contract.ts';
import type { MemoryObjects } from './memory-objects.ts';

export interface CaptureOnce {
  readonly history?: readonly Json[];
  readonly beforeMark?: () => unknown;
  readonly beforeCapture?: () => unknown;
}

export async function captureOnce(
  driver: SourceDriver,
  objects: MemoryObjects,
  { history = [], beforeMark, beforeCapture }: CaptureOnce,
): Promise<Captured & { readonly id: SnapshotId }> {
  const id = newSnapshotId();
  const { signal } = new AbortController();
  await using session = await driver.begin({
    snapshot: id,
    history: (async function* () {
      yield* history;
    })(),
    sink: objects,
    source: objects,
    signal,
    progress: silent,
  });
  await beforeMark?.();
  await session.mark(signal);
  await beforeCapture?.();
  return { ...(await session.capture()), id };
}
