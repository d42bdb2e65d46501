// verify of a project's vault: of one snapshot or of all, of what is there (its structure), of a share of all bytes, or of every byte.
// Packs are looked at once in a run, however many snapshots name them.
import { silent, type ProgressListener } from '@stillpoint/core';
import type { SnapshotVerification } from '../api.ts';
import { readSealed, resolveRef, verifySnapshot, type Damaged } from '../snapshot/index.ts';
import type { CheckedPacks } from '../vault/index.ts';
import type { Cared } from './copy.ts';

export interface VerifyVaultOptions {
  /** Only this one. */
  readonly ref?: string;
  /** Whose snapshots `latest` means. */
  readonly projectId: string;
  readonly deep: boolean;
  /** Of all bytes, 0 to 1. */
  readonly sample: number;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress?: ProgressListener;
}

export async function verifyVault(
  cared: Cared,
  options: VerifyVaultOptions,
): Promise<readonly SnapshotVerification[]> {
  const { signal, deep, ref, now } = options;
  const engine = { ...cared, vault: cared.vault.within(signal) };
  const progress = options.progress ?? silent;
  const { sealed, damaged } = await readSealed(engine.vault, signal);
  const wanted = ref === undefined ? sealed : [resolveRef(ref, sealed, options.projectId)];
  // Of one snapshot only what it names is read; of all, everything.
  const share = ref === undefined && deep ? 1 : options.sample;
  const packs = await engine.vault.checkPacks({ share, now, signal, progress });
  const results: SnapshotVerification[] = [];
  for (const [at, one] of wanted.entries()) {
    signal.throwIfAborted();
    const detail = `${one.manifest.name ?? one.entry.id} (${at + 1} of ${wanted.length})`;
    progress({ type: 'phase:started', phase: 'verify', detail });
    results.push(await verifySnapshot(engine, one, { deep, packs, signal }));
  }
  if (ref !== undefined) return results;
  tellUnnamed(packs, results, progress);
  return [...results, ...damaged.map(damagedVerification)];
}

/** Damage that costs no snapshot anything, but says something of the disk. */
function tellUnnamed(
  packs: CheckedPacks,
  results: readonly SnapshotVerification[],
  progress: ProgressListener,
): void {
  const named = new Set(results.flatMap(({ report }) => report.damages.map(({ key }) => key)));
  for (const { key, what } of packs.damages()) {
    if (named.has(key)) continue;
    const text = `${key}: ${what}. No snapshot needs it.`;
    progress({ type: 'note:said', level: 'warn', text });
  }
}

function damagedVerification({ entry: { id }, damaged }: Damaged): SnapshotVerification {
  const damages = [{ key: `snapshots/${id}`, what: damaged }];
  const losses = [{ source: null, of: null, why: damaged }];
  return { snapshot: id, report: { objects: 0, bytes: 0, damages }, losses };
}
