// What prune must know of snapshots: every stream that a manifest names, of whatever project in the vault. A manifest that cannot be
// read, or a source of a kind that is not known here, ends it.
import { canonicalJson, digestOf, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { StreamRef } from '../sources/contract.ts';
import type { PruneReport, SealedEntry } from '../vault/contract.ts';
import { parseManifest } from './manifest.ts';

export interface PruneSnapshotsOptions {
  readonly dryRun: boolean;
  /** 0 to 1: packs of which so much is garbage are rewritten. */
  readonly repackShare: number;
  /** Only with a dry run: as if these were forgotten. */
  readonly without?: ReadonlySet<SnapshotId>;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export async function pruneSnapshots(
  { vault, referencesOf }: Pick<EngineContext, 'vault' | 'referencesOf'>,
  options: PruneSnapshotsOptions,
): Promise<PruneReport> {
  const engine = { vault: vault.within(options.signal), referencesOf };
  return await engine.vault.prune({ ...options, references: () => createReferences(engine) });
}

/** Equal records name equal streams: what did not change between two snapshots is walked once. */
function createReferences({ vault, referencesOf }: Pick<EngineContext, 'vault' | 'referencesOf'>) {
  const walked = new Set<string>();
  return async function* (entry: SealedEntry): AsyncGenerator<StreamRef> {
    const manifest = parseManifest(entry.id, await vault.readManifest(entry));
    if (manifest.config !== null) yield manifest.config.content;
    for (const { driver, record } of manifest.sources) {
      const name = digestOf(Buffer.from(canonicalJson([driver, record])));
      if (walked.has(name)) continue;
      yield* referencesOf(driver, record, vault, entry.id);
      // Only now: whoever took the last one has walked them all.
      walked.add(name);
    }
  };
}
