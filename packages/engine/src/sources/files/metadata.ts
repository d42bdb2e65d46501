// Mode, owner and times of what a restore makes. Owners only as root, who alone may give files away.
import { chmodSync, lchownSync, lutimesSync } from 'node:fs';
import type { FsPath } from '../../file-tree/index.ts';

export interface Metadata {
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
}

export function mayGiveAway(): boolean {
  return process.getuid?.() === 0;
}

/** Mode and times of what others own are theirs to change. */
export function isOurs({ uid }: { readonly uid: number }): boolean {
  return mayGiveAway() || uid === process.getuid?.();
}

/** Whether nothing would change. Times count to the microsecond: see secondsOf(). */
export function hasMetadata(stat: Metadata, wanted: Metadata): boolean {
  return (
    stat.mode === wanted.mode &&
    microsecondsOf(stat.mtimeNs) === microsecondsOf(wanted.mtimeNs) &&
    hasOwner(stat, wanted)
  );
}

export function hasOwner(stat: Metadata, { uid, gid }: Metadata): boolean {
  return !mayGiveAway() || (stat.uid === uid && stat.gid === gid);
}

/** Of a file or directory of our own making; a link has no mode. The owner first, because changing it clears setuid. */
export function giveMetadata(at: FsPath, wanted: Metadata, kind: 'link' | 'other'): void {
  if (mayGiveAway()) lchownSync(at, wanted.uid, wanted.gid);
  if (kind !== 'link') chmodSync(at, wanted.mode);
  const seconds = secondsOf(wanted.mtimeNs);
  lutimesSync(at, seconds, seconds);
}

export function microsecondsOf(ns: bigint): bigint {
  return floorDivide(ns, 1000n);
}

/**
 * Node sets times from a number of seconds, whose precision today is 240 ns. Of the numbers near the wanted time it gives one
 * within the same microsecond, so that nobody who compares seconds, milliseconds or microseconds sees another time.
 */
export function secondsOf(ns: bigint): number {
  const whole = floorDivide(ns, 1_000_000_000n);
  const nearest = Number(whole) + Number(ns - whole * 1_000_000_000n) / 1e9;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(nearest) || 1)) - 52);
  const candidates = [0, 1, -1, 2, -2].map((steps) => nearest + steps * step);
  return candidates.find((one) => microsecondsOf(asSet(one)) === microsecondsOf(ns)) ?? nearest;
}

/** What the file system gets: the fraction is cut to whole nanoseconds. */
function asSet(seconds: number): bigint {
  const whole = Math.floor(seconds);
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc((seconds - whole) * 1e9));
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
