// Before what was copied is deleted: each chunk must be found by the index as it stands in the store, in a pack that stays, and that pack is
// read whole. A store that lost or cut what it was given costs a copy then, not the original.
import { failure, type Digest } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { INDEX_PREFIX, packKey } from '../format/layout.ts';
import { createIndexLoader } from '../read/index-loader.ts';
import type { PackLife } from './pack-life.ts';
import { createPackChecks } from './verify-packs.ts';

export interface ProveParts {
  readonly store: Store;
  readonly keys: VaultKeys;
}

/** What is needed of a pack that is going to be deleted. */
export interface NeededOf {
  readonly hex: string;
  readonly life: PackLife;
}

/** Beside another prune a copy may be moved on just while it is looked for. */
const LOOKS = 3;

/** Rejects with PRUNE_COPY_DAMAGED. */
export async function proveCopies(
  parts: ProveParts,
  needed: readonly NeededOf[],
  doomed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  let waiting = needed;
  for (let look = 1; ; look++) {
    const unproved: { readonly of: NeededOf; readonly problem: Problem }[] = [];
    const problemOf = await createProver(parts, doomed, signal);
    for (const of of waiting) {
      const problem = await problemOf(of.life.digests());
      // One that is gone was another prune's, which has proved it.
      if (problem !== undefined && (await isThere(parts.store, of.hex))) {
        unproved.push({ of, problem });
      }
    }
    const [first] = unproved;
    if (first === undefined) return;
    if (look === LOOKS) {
      const vault = parts.store.description;
      throw failure('PRUNE_COPY_DAMAGED', { vault, ...first.problem });
    }
    waiting = unproved.map(({ of }) => of);
  }
}

export async function isThere(store: Store, pack: string): Promise<boolean> {
  return (await store.stat(packKey(pack))) !== undefined;
}

type Prover = (digests: Iterable<Digest>) => Promise<Problem | undefined>;

async function createProver(
  parts: ProveParts,
  doomed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Prover> {
  const loader = createIndexLoader({ ...parts, signal });
  await loader.refresh();
  const checks = await createPackChecks(parts);
  /** undefined: one copy is whole. */
  const problemOfChunk = async (digest: Digest): Promise<Problem | undefined> => {
    let problem = { key: INDEX_PREFIX, reason: `no index has the chunk ${digest}` };
    for (const { pack } of loader.index.locate(digest.slice('blake3:'.length))) {
      if (doomed.has(pack.hex)) continue;
      const reason = await checks.problemOf(pack, true, signal);
      if (reason === undefined) return undefined;
      problem = { key: packKey(pack.hex), reason };
    }
    return problem;
  };
  return async (digests) => {
    for (const digest of digests) {
      signal.throwIfAborted();
      const problem = await problemOfChunk(digest);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

interface Problem {
  readonly key: StoreKey;
  readonly reason: string;
}
