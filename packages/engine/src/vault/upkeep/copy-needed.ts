// Copies out of doomed packs what snapshots need, by a session like any other: what another pack holds already is not copied. When
// this has resolved the copies and their index are durable.
import type { ProgressListener } from '@stillpoint/core';
import type { VaultSession } from '../contract.ts';
import { isChunkFailure, type ChunkReader } from '../read/chunk-reader.ts';
import type { Liveness } from './liveness.ts';
import { isThere, proveCopies, type ProveParts } from './prove-copies.ts';

export interface CopyParts extends ProveParts {
  readonly chunks: ChunkReader;
  readonly openSession: (options: { readonly signal: AbortSignal }) => Promise<VaultSession>;
}

/** Resolves to the stored bytes of the copies. PRUNE_COPY_DAMAGED: a store that does not keep what it is given. */
export async function copyNeeded(
  parts: CopyParts,
  life: Liveness,
  doomed: ReadonlySet<string>,
  options: { readonly signal: AbortSignal; readonly progress: ProgressListener },
): Promise<number> {
  const needed = [...doomed].flatMap((hex) => {
    const pack = life.of(hex);
    return pack === undefined ? [] : [{ hex, life: pack }];
  });
  if (needed.length === 0) return 0;
  const { signal, progress } = options;
  const totalBytes = needed.reduce((sum, pack) => sum + pack.life.storedBytes(), 0);
  let doneBytes = 0;
  progress({ type: 'phase:started', phase: 'copy', detail: 'what is still needed' });
  await using session = await parts.openSession({ signal });
  const sink = session.sink();
  for (const pack of needed) {
    try {
      for (const digest of pack.life.digests()) {
        signal.throwIfAborted();
        const hex = digest.slice('blake3:'.length);
        await sink.addChunk(digest, () => parts.chunks.read(hex));
      }
    } catch (error) {
      // Another prune was faster: it has copied what was needed, and what is gone was needed by snapshots that are forgotten since.
      if (!isChunkFailure(error) || (await isThere(parts.store, pack.hex))) throw error;
    }
    doneBytes += pack.life.storedBytes();
    progress({ type: 'bytes:advanced', phase: 'copy', doneBytes, totalBytes });
  }
  await session.flush();
  await proveCopies(parts, needed, doomed, signal);
  return sink.stats().bytesStored;
}
