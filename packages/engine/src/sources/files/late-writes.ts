// What somebody who is not held wrote after the undo point was taken: neither side of the restore holds it, so it is not
// destroyed. Where nothing comes in its place it stays, else it gets another name; the person is told.
import { renameSync } from 'node:fs';
import type { SnapshotId } from '@stillpoint/core';
import { showName, type ByteName, type FsPath } from '../../file-tree/index.ts';
import { microsecondsOf } from './metadata.ts';
import type { StagedState } from './staged.ts';
import { entryStat, type EntryStat } from './walk.ts';

export interface LateWrites {
  /** Whether either side of the restore holds what is live under this name. */
  isHeld(name: ByteName, stat: EntryStat): boolean;
  /** It stays where it is. */
  leave(name: ByteName): void;
  /** It makes room. */
  setAside(name: ByteName): void;
  /** For the report. */
  readonly kept: readonly string[];
}

export interface LateWritesOptions {
  readonly source: string;
  readonly staged: StagedState;
  readonly undo: SnapshotId;
  readonly at: (name: ByteName) => FsPath;
}

export function createLateWrites({ source, staged, undo, at }: LateWritesOptions): LateWrites {
  const kept: string[] = [];
  const end = `.kept-${undo.slice(-8)}`;
  const say = (name: ByteName, what: string) =>
    kept.push(`${source}: ${showName(name)} was written after the undo point and ${what}`);
  return {
    isHeld: createHolder(staged),
    leave(name) {
      say(name, 'stays');
    },
    setAside(name) {
      let target = `${name}${end}` as ByteName;
      for (let copy = 2; entryStat(at(target)) !== undefined; copy++)
        target = `${name}${end}-${copy}` as ByteName;
      renameSync(at(name), at(target));
      say(name, `is kept as ${showName(target)}`);
    },
    kept,
  };
}

/** Size and time tell, as they tell whether to read a file again. */
function createHolder({ listing, other }: StagedState): LateWrites['isHeld'] {
  // Without an undo point nothing can be told, and nobody asked for a way back.
  if (other === undefined) return () => true;
  const key = (name: ByteName, sizeBytes: number, mtimeNs: bigint) =>
    `${sizeBytes} ${microsecondsOf(mtimeNs)} ${name}`;
  const held = new Set<string>();
  for (const entry of [...listing, ...other]) {
    if (entry.type === 'directory') continue;
    const sizeBytes = entry.type === 'file' ? entry.sizeBytes : entry.target.length;
    held.add(key(entry.path, sizeBytes, entry.mtimeNs));
  }
  return (name, { sizeBytes, mtimeNs }) => held.has(key(name, sizeBytes, mtimeNs));
}
