// Positions of samples go into a frame only where they changed: most never do.
import type { LensField } from '../contract.ts';
import type { SampledField, SampledFrame, SampledNumbers } from './contract.ts';

/** The frame without positions that are those of the frame that was given here before. */
export type PositionFilter = (frame: SampledFrame) => SampledFrame;

export function createPositionFilter(fields: readonly LensField[]): PositionFilter {
  const last = new Map<string, Uint8Array>();
  const isKnown = (name: string, positions: SampledNumbers): boolean => {
    const bytes = Buffer.from(positions.buffer, positions.byteOffset, positions.byteLength);
    const before = last.get(name);
    if (before !== undefined && bytes.equals(before)) return true;
    if (before?.length === bytes.length) before.set(bytes);
    else last.set(name, Uint8Array.from(bytes));
    return false;
  };
  return (frame) => {
    let filtered: Map<string, SampledField> | undefined;
    for (const { name } of fields) {
      const sampled = frame.fields.get(name)!;
      if (sampled.positions === null || !isKnown(name, sampled.positions)) continue;
      filtered ??= new Map(frame.fields);
      filtered.set(name, { ...sampled, positions: null });
    }
    return filtered === undefined ? frame : { ...frame, fields: filtered };
  };
}
