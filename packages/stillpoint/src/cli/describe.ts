// Snapshots in words, for the commands that show them.
import type { DamagedSnapshot, SnapshotSummary } from '@stillpoint/engine';
import type { Style } from '../output/style.ts';
import { bytesText, countText, millisecondsText } from '../output/units.ts';

export function isDamaged(entry: SnapshotSummary | DamagedSnapshot): entry is DamagedSnapshot {
  return 'damaged' in entry;
}

/** 'before-migration' or the id. */
export function titleOf(snapshot: SnapshotSummary): string {
  return snapshot.name ?? snapshot.id;
}

/** '3 repositories (1 dirty)' */
export function codeText(snapshot: SnapshotSummary): string {
  if (snapshot.members.length === 0) return '';
  const dirty = snapshot.members.filter((member) => member.dirty).length;
  const text = countText(snapshot.members.length, 'repository', 'repositories');
  return dirty === 0 ? text : `${text}, ${dirty} dirty`;
}

export function totalOf(snapshot: SnapshotSummary, key: 'bytesTotal' | 'bytesStored'): number {
  return snapshot.sources.reduce((sum, source) => sum + source[key], 0);
}

/** Sources that no participant held still. The person must know: they are consistent in themselves only. */
export function unquiesced(snapshot: SnapshotSummary): readonly string[] {
  return snapshot.sources.filter((source) => !source.quiesced).map((source) => source.name);
}

/** One sentence for the moment after it was taken. */
export function takenText(snapshot: SnapshotSummary, style: Style): string {
  const name = snapshot.name === null ? '' : ` ${style.bold(snapshot.name)}`;
  const frozen = style.green(`frozen for ${millisecondsText(snapshot.freezeMs)}`);
  const stored = `${bytesText(totalOf(snapshot, 'bytesStored'))} stored`;
  return `Snapshot ${style.bold(snapshot.id)}${name}: ${frozen}, ${stored}, ${millisecondsText(snapshot.durationMs)} in all.`;
}
