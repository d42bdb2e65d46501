// Snapshots as the tests of what may be deleted make them: a manifest is a list of its streams and of what they hold, so that every
// byte of every snapshot can be checked at any time.
import assert from 'node:assert/strict';
import { newSnapshotId, silent } from '@stillpoint/core';
import type { StreamRef } from '../../../sources/contract.ts';
import type {
  PruneReport,
  SealedEntry,
  Store,
  StreamRefLike,
  Vault,
  VaultSession,
} from '../../contract.ts';
import { never, noise, randomFrom, refsOf, smallTuning } from '../../test-streams.ts';
import { openVault } from '../../vault.ts';

/** Content `seed` of `bytes`, at `ref`. */
export interface Part {
  readonly seed: number;
  readonly bytes: number;
  readonly ref: StreamRef;
}

export const contentOf = (seed: number, bytes: number): Buffer => noise(randomFrom(seed), bytes);

export async function write(session: VaultSession, seed: number, bytes: number): Promise<Part> {
  return { seed, bytes, ref: await session.sink().writeBytes(contentOf(seed, bytes)) };
}

/** `parts`: also taken over from others without being written, as drivers do. */
export async function seal(session: VaultSession, parts: readonly Part[]): Promise<SealedEntry> {
  const refs = parts.map(({ ref }) => ref);
  return await session.seal(
    newSnapshotId(),
    Buffer.from(JSON.stringify({ parts })),
    refsOf(...refs),
  );
}

export async function snapshot(vault: Vault, seeds: readonly number[], bytes = 20_000) {
  await using session = await vault.openSession(never);
  const parts: Part[] = [];
  for (const seed of seeds) parts.push(await write(session, seed, bytes));
  return { parts, entry: await seal(session, parts) };
}

export async function partsOf(vault: Vault, entry: SealedEntry): Promise<readonly Part[]> {
  const text = Buffer.from(await vault.readManifest(entry)).toString('utf8');
  return (JSON.parse(text) as { readonly parts: readonly Part[] }).parts;
}

export const referencesIn = (vault: Vault) =>
  async function* (entry: SealedEntry): AsyncIterable<StreamRefLike> {
    for (const { ref } of await partsOf(vault, entry)) yield ref;
  };

export async function prune(
  vault: Vault,
  options: { readonly dryRun?: boolean; readonly repackShare?: number } = {},
): Promise<PruneReport> {
  const references = () => referencesIn(vault);
  const { dryRun = false, repackShare = 0.3 } = options;
  return await vault.prune({ references, dryRun, repackShare, progress: silent, ...never });
}

/**
 * By a vault that is opened anew: every snapshot is whole, deep and to the byte. Resolves to how many there are. `spareCopies`: a
 * chunk may have a damaged copy beside a good one.
 */
export async function assertAllWhole(store: Store, spareCopies = false): Promise<number> {
  const vault = await openVault({ ...store, close: async () => {} }, { tuning: smallTuning });
  const entries = await vault.list();
  for (const entry of entries) {
    const parts = await partsOf(vault, entry);
    const refs = refsOf(...parts.map(({ ref }) => ref));
    const { damages, lost } = await vault.verify(refs, { ...never, deep: true });
    assert.deepEqual(lost, [], `snapshot ${entry.id}`);
    if (!spareCopies) assert.deepEqual(damages, [], `snapshot ${entry.id}`);
    for (const { seed, bytes, ref } of parts) {
      assert.equal(Buffer.compare(await vault.readBytes(ref), contentOf(seed, bytes)), 0);
    }
  }
  await vault[Symbol.asyncDispose]();
  return entries.length;
}

export async function keysIn(store: Store, prefix: string): Promise<readonly string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

export async function bytesIn(store: Store, prefix: string): Promise<number> {
  const found = await Array.fromAsync(store.list(prefix));
  return found.reduce((sum, { bytes }) => sum + bytes, 0);
}
