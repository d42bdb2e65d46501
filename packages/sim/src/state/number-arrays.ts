// The typed array of each dtype.
import type { DType } from './contract.ts';

export const numberArrays = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
} as const satisfies Record<DType, unknown>;
