// Arrays as Zarr v3 keeps them, with its core codecs only, so that other tools open them without us.
// Source: https://zarr-specs.readthedocs.io/en/latest/v3/core/v3.0.html, and its codecs bytes, blosc, crc32c and sharding_indexed.
//
// The law of our arrays:
// 1. An array is cut into shards, each a file of its own; a shard into inner chunks, each compressed and with a checksum of its own.
//    What is damaged is one inner chunk, and all others are read as before.
// 2. A shard's index stands at its end. Offsets and lengths in it are held against the shard before anything is read or allocated.
// 3. An inner chunk that was not written is the fill value: NaN for samples. A shard that is not there was lost.
import type { RangeSource, ZipEntry } from '../zip/contract.ts';

export type ZarrType = 'float64' | 'float32' | 'int64' | 'int32';

export interface ZarrArray {
  readonly shape: readonly number[];
  readonly type: ZarrType;
  /** Of one shard; a multiple of `inner` along every dimension. */
  readonly shard: readonly number[];
  readonly inner: readonly number[];
  readonly dimensions: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Where the parts of an array are: a name in a zip, and the file that it is part of. */
export interface ZarrStore {
  readonly source: RangeSource;
  readonly entries: ReadonlyMap<string, ZipEntry>;
}
