// Rows as a table should have them, made from frames without any of what is tested.
import type { LensField, LensFrame } from '../../contract.ts';

/** Null: there is no sample. */
export type ExpectedRow = Readonly<Record<string, number | null>>;

/** `columns`: for each field the names of its columns. Coordinates are left out. */
export function expectedRows(
  frames: readonly LensFrame[],
  columns: ReadonlyMap<LensField, readonly string[]>,
): readonly ExpectedRow[] {
  return frames.flatMap((frame) => {
    const counts = [...columns.keys()].map(({ name }) => frame.fields.get(name)!.count);
    return Array.from({ length: Math.max(...counts) }, (_, sample): ExpectedRow => {
      const row: Record<string, number | null> = {
        tick: frame.tick,
        time_seconds: frame.simTimeSeconds,
        sample,
      };
      for (const [{ name }, titles] of columns) {
        const { count, values } = frame.fields.get(name)!;
        for (const [component, title] of titles.entries())
          row[title] = sample < count ? values[sample * titles.length + component]! : null;
      }
      return row;
    });
  });
}
