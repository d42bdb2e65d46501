// What a writer owes to prune, and prune to a writer. In this order: its session is durable; it looks what is doomed; only then it
// reads the index. So prune either waits for it or is seen by it (sessions.ts, marks.ts). At the seal two things are left to do:
// what is taken over from an earlier snapshot without being looked at may lie in a doomed pack, and is stored anew;
// and whoever's session was ended by a person must not seal.
import { digestHex, failure, isFailure, type Clock } from '@stillpoint/core';
import type { Store, StreamRefLike, VaultSink } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import { isChunkFailure } from '../read/chunk-reader.ts';
import { compactIndexes, SMALL_FILES_MAX } from './compact-indexes.ts';
import { doomedBy, readMarks } from './marks.ts';
import { endDeadSessions, openRegistration } from './sessions.ts';
import { walkChunks } from './walk-chunks.ts';

export interface WriterGuard {
  /** Packs that do not count as there. */
  readonly doomed: ReadonlySet<string>;
  /** Stores anew what the streams need of doomed packs. Everything written must be readable. SNAPSHOT_OVERTAKEN. */
  rescue(references: AsyncIterable<StreamRefLike>, sink: VaultSink): Promise<void>;
  /** SESSION_ENDED. */
  ensureOpen(): Promise<void>;
  /** After the seal: keeps the next opening of the vault fast. */
  sealed(): Promise<void>;
  end(): Promise<void>;
}

export interface WriterGuardParts {
  readonly store: Store;
  readonly keys: VaultKeys;
  readonly chunks: ChunkReader;
  /** Goes on for a moment when the writer has given up. */
  readonly cleaning: Store;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export async function openWriterGuard(parts: WriterGuardParts): Promise<WriterGuard> {
  const { store, chunks, signal } = parts;
  /** A session that stays is ended by the next command, for its process is dead then. */
  const ignore = (error: unknown): void => {
    if (!isFailure(error) && !signal.aborted) throw error;
  };
  const registration = await openRegistration(parts);
  const end = (): Promise<void> => registration.end().catch(ignore);
  try {
    await endDeadSessions(store, registration.id);
    const doomed = doomedBy((await readMarks(parts)).marks);
    return {
      doomed,
      rescue: async (references, sink) => {
        if (doomed.size > 0) await rescue(chunks, references, sink);
      },
      ensureOpen: () => registration.ensureOpen(),
      // The snapshot is sealed: what only makes the next one faster must not make it fail, nor whoever gives up now.
      sealed: () => compactIndexes(parts, SMALL_FILES_MAX).catch(ignore),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function rescue(
  chunks: ChunkReader,
  references: AsyncIterable<StreamRefLike>,
  sink: VaultSink,
): Promise<void> {
  try {
    for await (const ref of references) {
      for await (const digest of walkChunks(chunks, ref)) {
        await sink.addChunk(digest, () => chunks.read(digestHex(digest)));
      }
    }
  } catch (error) {
    if (isChunkFailure(error))
      throw failure('SNAPSHOT_OVERTAKEN', { reason: error.message }, error);
    throw error;
  }
}
