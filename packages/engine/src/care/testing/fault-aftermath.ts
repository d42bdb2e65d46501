// What must hold after an operation that was disturbed, whatever disturbed it: the older snapshots are whole to the byte, no half one is
// visible, the next run of the same operation succeeds, and no garbage is left.
import assert from 'node:assert/strict';
import { silent, type SnapshotId } from '@stillpoint/core';
import { referencesOf } from '../../compose-sources.ts';
import { pruneSnapshots } from '../../snapshot/index.ts';
import type { Store, Vault } from '../../vault/index.ts';
import { verifyVault } from '../verify.ts';
import { keysBelow } from './damage.ts';
import type { Place } from './fault-place.ts';
import { opening, undisturbed, type Operation } from './fault-stage.ts';

export interface Snapshots {
  readonly vault: ReadonlySet<SnapshotId>;
  readonly copy: ReadonlySet<SnapshotId>;
}

const { signal } = undisturbed;
const call = { signal, progress: silent };

/** Rejects unless every snapshot that is listed is whole: every byte of it is read. */
export async function wholeSnapshots({ vault, copy }: Place): Promise<Snapshots> {
  return { vault: await wholeIn(vault), copy: await wholeIn(copy) };
}

async function wholeIn(store: Store): Promise<ReadonlySet<SnapshotId>> {
  // Where no vault was begun none must begin by looking.
  if ((await keysBelow(store, 'vault.json')).length === 0) return new Set();
  await using vault = await opening(undisturbed)(store);
  const options = { projectId: '', deep: true, sample: 1, now: new Date(), ...call };
  for (const one of await verifyVault({ vault, referencesOf }, options)) {
    assert.deepEqual([one.losses, one.report.damages], [[], []], `snapshot ${one.snapshot}`);
  }
  return new Set((await vault.list()).map(({ id }) => id));
}

/**
 * `next`: does the operation again, and gives what is there then. `alive`: the process that was disturbed is this one, so its sessions, if
 * any stayed, are ended by hand.
 */
export async function endsWell(
  place: Place,
  operation: Operation,
  before: Snapshots,
  { alive, next }: { readonly alive: boolean; readonly next: () => Promise<Place> },
): Promise<void> {
  const now = await wholeSnapshots(place);
  assertNothingLost(operation, before, now);
  if (alive) for (const store of [place.vault, place.copy]) await endSessions(store);
  const last = await next();
  await assertNoGarbage(last.vault);
  if (operation === 'copy') await assertNoGarbage(last.copy);
  const after = await wholeSnapshots(last);
  assertNothingLost(operation, now, after);
  assertDone(operation, now, after);
}

function assertNothingLost(operation: Operation, before: Snapshots, now: Snapshots): void {
  const lost = before.vault.difference(now.vault);
  assert.ok(lost.size <= (operation === 'forget' ? 1 : 0), `lost: ${[...lost].join(', ')}`);
  assert.deepEqual(before.copy.difference(now.copy), new Set());
  const made = now.vault.difference(before.vault);
  assert.ok(made.size <= (operation.endsWith('snapshot') ? 1 : 0), 'out of nothing');
  assert.deepEqual(now.copy.difference(before.vault.union(before.copy)), new Set());
}

function assertDone(operation: Operation, before: Snapshots, after: Snapshots): void {
  if (operation.endsWith('snapshot')) assert.equal(after.vault.size, before.vault.size + 1);
  if (operation === 'copy') assert.deepEqual(after.copy, after.vault);
  if (operation === 'forget') assert.equal(after.vault.size, 2);
}

async function endSessions(store: Store): Promise<void> {
  if ((await keysBelow(store, 'sessions/')).length === 0) return;
  await using vault = await opening(undisturbed)(store);
  for (const { id } of await vault.sessions()) await vault.endSession(id);
}

/** After a prune none is left. */
async function assertNoGarbage(store: Store): Promise<void> {
  await using vault = await opening(undisturbed)(store);
  assert.deepEqual((await pruned(vault, false)).sessions, [], 'all sessions have ended');
  const { deletedPacks, waitingPacks } = await pruned(vault, true);
  assert.deepEqual([deletedPacks, waitingPacks], [0, 0], 'garbage');
  for (const prefix of ['prune/', 'sessions/']) {
    assert.deepEqual(await keysBelow(store, prefix), []);
  }
}

const pruned = (vault: Vault, dryRun: boolean) =>
  pruneSnapshots({ vault, referencesOf }, { dryRun, repackShare: 0, ...call });
