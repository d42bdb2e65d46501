// Export: the frames of lenses as files of other tools.
//
// The law of export:
// 1. Numbers leave as they are kept: NaN stays NaN, infinities stay, float32 stays float32. What is not there is null (in tables) or
//    counted away (in arrays), never a number.
// 2. Gaps stay gaps. Frames that were dropped, and parts that cannot be read, are named in what is written.
// 3. An output has its name only when it is whole and durable. What is there already is never replaced.
// 4. Memory holds a batch of rows, or a block of frames, whatever the length.
// Normative: docs/format/lens-export.md.
import type { ProgressListener } from '@stillpoint/core';
import type { FrameRange } from '../read/index.ts';
import type { LensField } from '../contract.ts';
import type { Dropped } from '../record/index.ts';

export const LENS_EXPORT_FORMATS = ['parquet', 'hdf5', 'zarr', 'arrow', 'csv'] as const;
/** Tables of rows (`parquet`, `arrow`, `csv`), or arrays over all frames (`hdf5`, `zarr`). */
export type LensExportFormat = (typeof LENS_EXPORT_FORMATS)[number];

export interface LensExportOptions {
  readonly format: LensExportFormat;
  /** A path that is not there yet: a file; a directory where the format is `zarr`, or with `partition`. */
  readonly output: string;
  /** All of them unless told. */
  readonly fields?: readonly string[];
  readonly ticks?: FrameRange;
  /** Tables as a data set partitioned like Hive's: `table=…/run=…/ticks=…/part-0.parquet`. */
  readonly partition?: boolean;
  /** HDF5's gzip, level 1 to 9; none unless told. */
  readonly gzip?: number;
  readonly signal?: AbortSignal;
  /** How many bytes of numbers were written so far. */
  readonly onProgress?: ProgressListener;
}

export interface ExportedLens {
  readonly output: string;
  readonly format: LensExportFormat;
  readonly runs: readonly string[];
  readonly fields: readonly string[];
  /** Of all runs; where they are written as several tables, each counted once. */
  readonly frames: number;
  /** Of all tables; null where arrays were written. */
  readonly rows: number | null;
  readonly files: number;
  readonly bytes: number;
  /** Frames that were never captured, because the disk was too slow or failed: of the gaps that the ticks reach into. */
  readonly dropped: number;
  /** What could not be read, and is missing in the output. */
  readonly damaged: readonly string[];
}

/** One run on its way out. */
export interface ExportedRun {
  readonly runId: string;
  readonly world: string;
  readonly createdAt: string;
  readonly fields: readonly LensField[];
  readonly dropped: readonly Dropped[];
}

/** Counted while an output is written. */
export interface ExportProgress {
  readonly signal: AbortSignal | undefined;
  /** Throws where it was aborted. */
  readonly advance: (bytes: number) => void;
  readonly damaged: (runId: string, reason: string) => void;
  /** Of one run, or of all. */
  readonly damagedIn: (runId?: string) => readonly string[];
}
