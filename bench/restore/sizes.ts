// How large a project, and how much of it changes before each snapshot. The full run is what the acceptance asks for.

export interface Sizes {
  readonly label: string;
  readonly snapshots: number;
  /** Of the rows, and of the uploads, so many change before each snapshot. */
  readonly changedShare: number;
  readonly postgresRows: number;
  readonly sqliteRows: number;
  readonly uploads: { readonly files: number; readonly bytesEach: number };
  readonly members: { readonly filesEach: number; readonly assets: number };
  readonly neededBytes: number;
}

/** With its share of the primary key. */
const POSTGRES_ROW_BYTES = 157;
const SQLITE_ROW_BYTES = 110;
const MEGABYTE = 1_000_000;

/** Of each large file in the repository. */
export const ASSET_BYTES = MEGABYTE;

export function sizesOf(
  label: string,
  snapshots: number,
  scale: number,
  neededBytes: number,
): Sizes {
  return {
    label,
    snapshots,
    neededBytes,
    changedShare: 0.02,
    postgresRows: Math.round((3000 * MEGABYTE * scale) / POSTGRES_ROW_BYTES),
    sqliteRows: Math.round((500 * MEGABYTE * scale) / SQLITE_ROW_BYTES),
    uploads: { files: Math.round(5000 * scale), bytesEach: 200_000 },
    members: { filesEach: Math.round(3000 * scale), assets: Math.round(490 * scale) },
  };
}

export const fullSizes = sizesOf('5gb', 20, 1, 45e9);
export const quickSizes = sizesOf('125mb', 4, 0.025, 4e9);
