// Names of the directories of a partitioned data set, as Hive writes them.
import type { PartFile } from '../read/index.ts';

export interface Partition {
  readonly name: string;
}

const DIGITS = 10;
// Source: FileUtils.escapePathName of Apache Hive; and a leading dot, which engines take for hidden.
// oxlint-disable-next-line no-control-regex -- these are among them
const SPECIAL = /[\u0000-\u001f\u007f"#%'*/:=?\\{}[\]^]|^[._]/gu;

/** `run=terra-1`. */
export function hiveName(key: string, value: string): string {
  const escaped = value.replaceAll(
    SPECIAL,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `${key}=${escaped}`;
}

/** `ticks=0000000000-0000050000`: those of the file that has the frame. */
export function partitionOf(files: readonly PartFile[], tick: number): Partition {
  const { start, end } = files.find(({ ticks }) => ticks.start <= tick && tick < ticks.end)
    ?.ticks ?? { start: tick, end: tick + 1 };
  return { name: hiveName('ticks', `${padded(start)}-${padded(end)}`) };
}

function padded(tick: number): string {
  return String(tick).padStart(DIGITS, '0');
}
