// The lens: what an observer saw of a run, frame by frame, kept for questions that come later.
//
// The law of the lens:
// 1. It observes. Nothing of it is causal: it can be cut, pruned or removed while the run goes on, and no tick comes out different. A run
//    cannot be resumed from it.
// 2. Never blocks. Frames that the disk cannot take are dropped, counted, and named in the manifest; the run does not wait.
// 3. A frame is there whole or not at all. It is appended to the journal of its chunk with a checksum; a chunk that is full becomes one
//    `.lens` file (temporary file, fsync, rename), and only then its journal is removed.
// 4. A `.lens` file is an ordinary Zarr v3 group in a stored zip: other tools open it without us. Each part has a checksum: what is damaged
//    is named, and the rest is read.
// 5. After a resume the frames behind the checkpoint are cut and made again: a run with kills leaves the frames of one without.
// Normative: docs/format/lens.md.
import type { Topology } from '../world/contract.ts';

/** How samples are kept. `bits`: float32 or float64 with that many bits of mantissa, the rest rounded away: lossy, and much smaller. */
export type Precision =
  | { readonly type: 'float64' | 'float32'; readonly bits?: never }
  | { readonly type: 'float64' | 'float32'; readonly bits: number };

export type Reconstruction = 'nearest' | 'linear' | 'idw';

/** What is known of a field besides its samples. */
export interface LensField {
  readonly name: string;
  readonly unit: string;
  /** Numbers of one sample: `[]` a scalar, `[3]` a vector. */
  readonly components: readonly number[];
  readonly topology: Topology;
  readonly reconstruction: Reconstruction;
  readonly precision: Precision;
}

/** The samples of one field at one tick. */
export interface FieldSamples {
  readonly count: number;
  /** `count` samples, each with all of its components. Of the field's precision. */
  readonly values: Float64Array | Float32Array;
  /** x, y, z of each sample. Null: where they were in the frame before, or where the topology says. */
  readonly positions: Float64Array | null;
}

/** Half-open: `start` is in it, `end` is not. */
export interface TickRange {
  readonly start: number;
  readonly end: number;
}

export interface LensFrame {
  readonly tick: number;
  readonly simTimeSeconds: number;
  /** By name; in the order of the lens's fields. */
  readonly fields: ReadonlyMap<string, FieldSamples>;
}

/** What a chunk says of itself: the attributes of its root. */
export interface ChunkFacts {
  readonly version: 1;
  readonly runId: string;
  readonly world: string;
  readonly ticks: TickRange;
  readonly frames: number;
  readonly fields: readonly LensField[];
  /** ISO 8601; shown, never compared. */
  readonly createdAt: string;
}

export const LENS_VERSION = 1;
