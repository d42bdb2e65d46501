// Ticks whose frames are missing, as the manifest names them: cut at a checkpoint as the frames are, and few enough to be written each time.
import type { Dropped } from './contract.ts';

/** More are joined, two that follow each other into one: a disk that is a little too slow for days makes no manifest that no disk can take. */
export const MOST_GAPS = 1024;

export function fewGaps(all: readonly Dropped[]): readonly Dropped[] {
  let gaps = all;
  while (gaps.length > MOST_GAPS)
    gaps = gaps.flatMap((gap, at) => {
      if (at % 2 === 1) return [];
      const next = gaps[at + 1];
      return [next === undefined ? gap : joined(gap, next)];
    });
  return gaps;
}

/** Those that follow each other for one reason are one: a disk that is full for an hour is one line of the manifest. */
export function mergedGaps(gaps: readonly Dropped[]): readonly Dropped[] {
  const merged: Dropped[] = [];
  for (const gap of gaps) {
    const before = merged.at(-1);
    if (before?.reason === gap.reason) merged[merged.length - 1] = joined(before, gap);
    else merged.push(gap);
  }
  return fewGaps(merged);
}

/** Frames behind the checkpoint are made again. Of a gap that goes over it those before stay missing: as many as its ticks are apart. */
export function cutGaps(gaps: readonly Dropped[], throughTick: number): readonly Dropped[] {
  return gaps.flatMap((gap) => {
    const { ticks, frames } = gap;
    if (ticks.end <= throughTick + 1) return [gap];
    if (ticks.start > throughTick) return [];
    const apart = frames < 2 ? 1 : (ticks.end - 1 - ticks.start) / (frames - 1);
    const kept = Math.min(frames, Math.floor((throughTick - ticks.start) / apart) + 1);
    return [{ ...gap, ticks: { start: ticks.start, end: throughTick + 1 }, frames: kept }];
  });
}

/** With what was found to be lost of a file, unless it is named already. Gaps that were named before may lie within. */
export function withGap(gaps: readonly Dropped[], found: Dropped): readonly Dropped[] {
  const { start, end } = found.ticks;
  if (gaps.some(({ ticks }) => ticks.start <= start && ticks.end >= end)) return gaps;
  return fewGaps([...gaps, found].toSorted((a, b) => a.ticks.start - b.ticks.start));
}

/** 0: there are none. */
export function endOfGaps(gaps: readonly Dropped[]): number {
  return gaps.reduce((end, { ticks }) => Math.max(end, ticks.end), 0);
}

/** Both hold at least one; the reason of the one that holds more. */
function joined(one: Dropped, next: Dropped): Dropped {
  return {
    ticks: { start: one.ticks.start, end: Math.max(one.ticks.end, next.ticks.end) },
    frames: one.frames + next.frames,
    reason: next.frames > one.frames ? next.reason : one.reason,
  };
}
