// From one vault to another: each snapshot in a session of its own, oldest first, so that what was copied before a death is sealed
// and stays. References name chunks by their plain bytes, so manifests and lists are taken over as they are; what the other vault
// has already is not read. Each chunk is verified when it is read and again when it is taken over; keys and packs are the other's.
import {
  exitCodes,
  isFailure,
  type Digest,
  type ProgressListener,
  type SnapshotId,
} from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { readSealed, resolveRef, streamsOfSnapshot, type Sealed } from '../snapshot/index.ts';
import { forEachConcurrently, type Vault, type VaultSink } from '../vault/index.ts';
import type { CopiedSnapshot, CopyResult, FailedCopy } from './contract.ts';

/** A vault, and how the streams of its snapshots are found. */
export type Cared = Pick<EngineContext, 'vault' | 'referencesOf'>;

export interface CopySnapshotsOptions {
  readonly refs?: readonly string[];
  /** Whose snapshots `latest` means. */
  readonly projectId: string;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** What is being read at the same time: enough to hide the way to a distant store, few enough to stay small. */
const CHUNKS_AT_ONCE = 8;

/** Throws the errors of resolveRef(), and those of the other vault; what cannot be read here is told in the result. */
export async function copySnapshots(
  source: Cared,
  target: Vault,
  options: CopySnapshotsOptions,
): Promise<CopyResult> {
  const { signal, progress } = options;
  const from = { ...source, vault: source.vault.within(signal) };
  const to = target.within(signal);
  const { sealed, damaged } = await readSealed(from.vault, signal);
  const wanted = chosen(sealed, options);
  const known = new Set((await to.list()).map(({ id }) => id));
  const missing = wanted.filter(({ entry }) => !known.has(entry.id));
  const copied: CopiedSnapshot[] = [];
  const failed: FailedCopy[] =
    options.refs === undefined
      ? damaged.map(({ entry, damaged: reason }) => ({ id: entry.id, reason }))
      : [];
  for (const [at, one] of missing.entries()) {
    signal.throwIfAborted();
    const detail = `${titleOf(one)} (${at + 1} of ${missing.length})`;
    progress({ type: 'phase:started', phase: 'copy', detail });
    try {
      copied.push(await copyOne(from, to, one, { signal, progress }));
    } catch (error) {
      if (!isOfTheStored(error)) throw error;
      failed.push({ id: one.entry.id, reason: error.message });
    }
  }
  return {
    from: from.vault.description,
    to: to.description,
    copied,
    there: wanted.length - missing.length,
    failed,
  };
}

/** Oldest first, each once. */
function chosen(
  sealed: readonly Sealed[],
  { refs, projectId }: CopySnapshotsOptions,
): readonly Sealed[] {
  if (refs === undefined) return sealed;
  const named = new Set(refs.map((ref) => resolveRef(ref, sealed, projectId)));
  return sealed.filter((one) => named.has(one));
}

export interface CopyOneOptions {
  /** Left out: it is sealed. False: the manifest is there, only chunks of it are missing. */
  readonly seal?: boolean;
  /** Packs of the other vault that do not count as there. */
  readonly absent?: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** A manifest that is there and damaged is replaced. */
export async function copyOne(
  from: Cared,
  to: Vault,
  one: Sealed,
  { seal = true, absent = new Set(), signal, progress }: CopyOneOptions,
): Promise<CopiedSnapshot> {
  await using session = await to.openSession({ signal, absent });
  const sink = session.sink();
  const { chunks, bytesRead } = await copyChunks(from, sink, one, { signal, progress });
  if (seal) await session.seal(one.entry.id, await from.vault.readManifest(one.entry));
  else await session.flush();
  return {
    id: one.entry.id,
    name: one.manifest.name,
    chunks,
    bytesRead,
    bytesStored: sink.stats().bytesStored,
  };
}

async function copyChunks(
  from: Cared,
  sink: VaultSink,
  one: Sealed,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: ProgressListener },
): Promise<{ readonly chunks: number; readonly bytesRead: number }> {
  let chunks = 0;
  let bytesRead = 0;
  const take = async (digest: Digest): Promise<void> => {
    signal.throwIfAborted();
    const read = async (): Promise<Uint8Array> => {
      const plain = await from.vault.readChunk(digest);
      bytesRead += plain.length;
      return plain;
    };
    if (!(await sink.addChunk(digest, read))) return;
    chunks++;
    progress({ type: 'bytes:advanced', phase: 'copy', doneBytes: bytesRead });
  };
  await forEachConcurrently(digestsOf(from, one), CHUNKS_AT_ONCE, take);
  return { chunks, bytesRead };
}

async function* digestsOf(from: Cared, one: Sealed): AsyncGenerator<Digest> {
  for await (const { stream } of streamsOfSnapshot(from, one)) yield* from.vault.chunksOf(stream);
}

/** What is wrong with one snapshot here does not keep the others from being copied; what is wrong with the other vault does. */
function isOfTheStored(error: unknown): error is Error {
  return (
    isFailure(error) && error.exitCode === exitCodes.integrity && error.code !== 'VAULT_DAMAGED'
  );
}

function titleOf({ entry, manifest }: Sealed): SnapshotId | string {
  return manifest.name ?? entry.id;
}
