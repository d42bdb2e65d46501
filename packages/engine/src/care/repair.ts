// Repair of a vault and its snapshots: first what is whole is brought into order (vault/upkeep/repair.ts), then what is lost is fetched
// from another vault that has the same snapshots, if there is one, and then it is said which snapshots are not whole. They are
// forgotten only if somebody asked for that, never one that is held, and only after everything was read.
import { exitCodes, isFailure, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import { readSealed, verifySnapshot, type Damaged, type Sealed } from '../snapshot/index.ts';
import type { CheckedPacks, SealedEntry, Vault } from '../vault/index.ts';
import type { HarmedSnapshot, RepairResult } from './contract.ts';
import { copyOne, type Cared } from './copy.ts';

export interface RepairCareOptions {
  readonly dryRun: boolean;
  readonly forgetDamaged: boolean;
  /** Where what is lost may still be. */
  readonly from?: Cared;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

interface Harmed {
  readonly entry: SealedEntry;
  readonly told: HarmedSnapshot;
}

export async function repairCare(whole: Cared, options: RepairCareOptions): Promise<RepairResult> {
  const { dryRun, signal, progress, now } = options;
  const vault = whole.vault.within(signal);
  const cared = { ...whole, vault };
  const packs = await vault.checkPacks({ share: 1, now, signal, progress });
  const repaired = await vault.repair({ packs, dryRun, signal });
  // By what was read before: a damaged pack that was kept still has the right size.
  let harmed = await findHarmed(cared, packs, options);
  const absent = new Set(repaired.packs.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
  const mended = dryRun ? [] : await mend(cared, harmed, absent, options);
  if (mended.length > 0) harmed = await findHarmed(cared, packs, options);
  const forgettable = options.forgetDamaged ? harmed.filter(({ told }) => !told.held) : [];
  if (!dryRun) for (const { entry } of forgettable) await vault.forget(entry);
  return {
    vault: vault.description,
    ...repaired,
    mended,
    harmed: harmed.map(({ told }) => told),
    forgotten: forgettable.map(({ entry }) => entry.id),
    done: !dryRun,
  };
}

async function findHarmed(
  cared: Cared,
  packs: CheckedPacks,
  { signal, progress }: RepairCareOptions,
): Promise<readonly Harmed[]> {
  const { sealed, damaged } = await readSealed(cared.vault, signal);
  const holds = await cared.vault.holds();
  progress({ type: 'phase:started', phase: 'verify', detail: 'what the snapshots need' });
  const harmed: Harmed[] = damaged.map((one) => withoutManifest(one, holds.has(one.entry.id)));
  for (const one of sealed) {
    signal.throwIfAborted();
    const { losses } = await verifySnapshot(cared, one, { deep: false, packs, signal });
    if (losses.length > 0) harmed.push(described(one, losses, holds.has(one.entry.id)));
  }
  return harmed;
}

function withoutManifest({ entry, damaged }: Damaged, held: boolean): Harmed {
  const lost = [{ source: null, of: null, why: damaged }];
  return { entry, told: { id: entry.id, name: null, held, lost } };
}

function described(
  { entry, manifest }: Sealed,
  lost: HarmedSnapshot['lost'],
  held: boolean,
): Harmed {
  return { entry, told: { id: entry.id, name: manifest.name, held, lost } };
}

/** Copies again what is harmed here and whole there: chunks that are here, in packs that are whole, are not read. */
async function mend(
  { vault }: { readonly vault: Vault },
  harmed: readonly Harmed[],
  absent: ReadonlySet<string>,
  { from, signal, progress }: RepairCareOptions,
): Promise<readonly SnapshotId[]> {
  if (from === undefined || harmed.length === 0) return [];
  const there = new Map(
    (await readSealed(from.vault, signal)).sealed.map((one) => [one.entry.id, one]),
  );
  const mended: SnapshotId[] = [];
  for (const { entry } of harmed) {
    const other = there.get(entry.id);
    if (other === undefined) continue;
    progress({ type: 'phase:started', phase: 'mend', detail: entry.id });
    try {
      const seal = !(await isReadable(vault, entry));
      await copyOne(from, vault, other, { seal, absent, signal, progress });
      mended.push(entry.id);
    } catch (error) {
      if (!isFailure(error) || error.exitCode !== exitCodes.integrity) throw error;
      // Damaged there too: it stays among those that are told.
    }
  }
  return mended;
}

async function isReadable(vault: Vault, entry: SealedEntry): Promise<boolean> {
  try {
    await vault.readManifest(entry);
    return true;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return false;
  }
}
