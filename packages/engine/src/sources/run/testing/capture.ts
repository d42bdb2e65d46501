// A capture of runs as the engine takes it: begun, marked, stored.
import { newSnapshotId, silent, type Json } from '@stillpoint/core';
import type { SourceDriver } from '../../contract.ts';
import type { createMemoryObjects } from '../../testkit/memory-objects.ts';

/** Gives the record. */
export async function captureInto(
  objects: ReturnType<typeof createMemoryObjects>,
  driver: SourceDriver,
  forUndo = false,
): Promise<Json> {
  const { signal } = new AbortController();
  const snapshot = newSnapshotId();
  const history = (async function* () {})();
  const options = { snapshot, history, sink: objects, source: objects, signal, progress: silent };
  await using session = await driver.begin({ ...options, forUndo });
  await session.mark(signal);
  return (await session.capture()).record;
}
