// Before what was copied is deleted: each chunk must be found by the index as it stands in the store, in a pack that stays, and that pack is
// read whole. A store that lost or cut what it was given costs a copy then, not the original.
import { failure, type Digest } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { INDEX_PREFIX, packKey } from '../format/layout.ts';
import { createIndexLoader } from '../read/index-loader.ts';
import { createPackChecks } from './verify-packs.ts';

export interface ProveParts {
  readonly store: Store;
  readonly keys: VaultKeys;
}

/** Rejects with PRUNE_COPY_DAMAGED. */
export async function proveCopies(
  parts: ProveParts,
  digests: Iterable<Digest>,
  doomed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const { index, ...loader } = createIndexLoader({ ...parts, signal });
  await loader.refresh();
  const checks = await createPackChecks(parts);
  /** undefined: one copy is whole. */
  const problemOf = async (digest: Digest): Promise<Problem | undefined> => {
    let problem = { key: INDEX_PREFIX, reason: `no index has the chunk ${digest}` };
    for (const { pack } of index.locate(digest.slice('blake3:'.length))) {
      if (doomed.has(pack.hex)) continue;
      const reason = await checks.problemOf(pack, true, signal);
      if (reason === undefined) return undefined;
      problem = { key: packKey(pack.hex), reason };
    }
    return problem;
  };
  for (const digest of digests) {
    signal.throwIfAborted();
    const problem = await problemOf(digest);
    if (problem === undefined) continue;
    throw failure('PRUNE_COPY_DAMAGED', { vault: parts.store.description, ...problem });
  }
}

interface Problem {
  readonly key: StoreKey;
  readonly reason: string;
}
