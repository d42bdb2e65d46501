// The names of a lens's files: `lens_snapshot_0000000000-0000050000.lens`, and `.journal` while it is open.
import type { TickRange } from './contract.ts';

const DIGITS = 10;
const PATTERN = /^lens_snapshot_(\d{10,})-(\d{10,})\.(lens|journal)$/;

export type LensFileKind = 'lens' | 'journal';

export function lensFileName({ start, end }: TickRange, kind: LensFileKind): string {
  return `lens_snapshot_${padded(start)}-${padded(end)}.${kind}`;
}

/** Undefined for any other file. */
export function parseLensFileName(
  name: string,
): { readonly ticks: TickRange; readonly kind: LensFileKind } | undefined {
  const found = PATTERN.exec(name);
  if (found === null) return undefined;
  const ticks = { start: Number(found[1]), end: Number(found[2]) };
  if (!Number.isSafeInteger(ticks.end) || ticks.start >= ticks.end) return undefined;
  return { ticks, kind: found[3] as LensFileKind };
}

/**
 * Without those whose frames another file has: of a chunk that has both files the sealed one counts (it was written from the journal),
 * and of sealed chunks that lie within a longer one the longer (it was merged from them). Somebody was killed before they were removed.
 */
export function withoutSuperseded<
  F extends { readonly kind: LensFileKind; readonly ticks: TickRange },
>(files: readonly F[]): readonly F[] {
  const kept: F[] = [];
  let sealedEnd = -1;
  // Of those that begin together the longest sealed one comes first.
  const ordered = files.toSorted(
    (a, b) =>
      a.ticks.start - b.ticks.start ||
      Number(a.kind === 'journal') - Number(b.kind === 'journal') ||
      b.ticks.end - a.ticks.end,
  );
  for (const file of ordered) {
    if (file.ticks.end <= sealedEnd) continue;
    kept.push(file);
    if (file.kind === 'lens') sealedEnd = file.ticks.end;
  }
  return kept;
}

/** The chunk that a tick falls into: chunks begin at multiples of their size. */
export function chunkOf(tick: number, chunkTicks: number): TickRange {
  const start = Math.floor(tick / chunkTicks) * chunkTicks;
  return { start, end: start + chunkTicks };
}

/**
 * A name as every reader of Zarr takes it for a node: `~XX` for what separates paths or the parts of an address, for which zarrita takes
 * them, for what an address is stripped of, and for a dot or line in front; also for the z of `zarr.json`, which is the file of the group,
 * and `~XXXX` for half of a pair of UTF-16, which UTF-8 has no bytes for; `~` for no name at all. Reversible; a field keeps its own name
 * in its attributes. Not `%XX`: zarrita decodes that, and looks elsewhere.
 */
export function nodeName(name: string): string {
  if (name === '') return '~';
  return name.replaceAll(
    // oxlint-disable-next-line no-control-regex -- an address has none
    /[~%/\\?#:|\u0000-\u001f\u007f]|^[._ ]| $|^z(?=arr\.json$)|\p{Surrogate}/gu,
    (one) => `~${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function padded(tick: number): string {
  return String(tick).padStart(DIGITS, '0');
}
