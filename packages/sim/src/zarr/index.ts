// The door of Zarr arrays.
export type { ZarrArray, ZarrStore, ZarrType } from './contract.ts';
export { ELEMENT_BYTES, arrayJson, groupJson, parseArrayJson, parseGroupJson } from './metadata.ts';
export { MOST_FRAME_BYTES } from './blosc.ts';
export { createShardWriter, openShard, type ShardReader, type ShardWriter } from './shard.ts';
export { cutOf, writeArray, type Numbers } from './write-array.ts';
export { openArray, readEntry, type ArrayReader, type ColumnRange } from './read-array.ts';
