// What a loop of the user's own calls its state: any typed arrays by name, plus JSON. Here they become parts with a dtype and bytes,
// in the order of their names, whatever order the loop has them in.
import { failure } from '@stillpoint/core';
import { MessageChannel } from 'node:worker_threads';
import type { DType } from '../state/contract.ts';
import { bytesPerElement } from '../state/index.ts';

/** A view, or a whole buffer: then its bytes. */
export type OwnArray = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

export type OwnArrays = Readonly<Record<string, OwnArray>>;

export interface OwnState<A extends OwnArrays = OwnArrays> {
  /** All that the next tick depends on. */
  readonly arrays: A;
  /** The rest of it: what JSON can say, e.g. words of a random generator. Members come back in the order of their names. */
  readonly json?: unknown;
}

export interface Part {
  readonly name: string;
  /** Of the view that the loop has: `Float64Array`, `BigInt64Array`, `DataView`. */
  readonly type: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a checkpoint stores for each type. Those without a dtype are told as halves, or as bytes. */
const dtypes: Readonly<Record<string, DType>> = {
  Float64Array: 'f64',
  Float32Array: 'f32',
  Int32Array: 'i32',
  Uint32Array: 'u32',
  Int16Array: 'i16',
  Uint16Array: 'u16',
  Int8Array: 'i8',
  BigInt64Array: 'u32',
  BigUint64Array: 'u32',
  Float16Array: 'u16',
};

const LONGEST_NAME = 200;

/** Throws a TypeError for what is no array, and RUN_ARRAY_DETACHED. */
export function partsOf(arrays: OwnArrays): readonly Part[] {
  const names = Object.keys(arrays).toSorted();
  return names.map((name) => partOf(name, arrays[name]!));
}

function partOf(name: string, array: OwnArray): Part {
  // oxlint-disable-next-line no-control-regex -- names become names of sections, of columns and of members of archives
  if (name === '' || name.length > LONGEST_NAME || /[\0-\x1f\x7f]/.test(name))
    throw new TypeError(`${JSON.stringify(name)} is no name of an array of the state.`);
  const type = typeOf(array);
  if (type === undefined) throw new TypeError(`state.arrays: ${name} is no typed array.`);
  const buffer = bufferOf(array);
  // A view of memory that has grown is empty: to store that would lose it.
  if (buffer instanceof ArrayBuffer && buffer.detached)
    throw failure('RUN_ARRAY_DETACHED', { name });
  if (isBeyond(array)) throw failure('RUN_ARRAY_DETACHED', { name });
  const bytes = bytesOf(array);
  const dtype = dtypes[type] ?? 'u8';
  const elements = bytes.byteLength / bytesPerElement[dtype];
  const shape = type.startsWith('Big') ? [elements / 2, 2] : [elements];
  return { name, type, dtype, shape, bytes };
}

/** Undefined for what is no array. */
export function typeOf(array: unknown): string | undefined {
  if (Buffer.isBuffer(array)) return 'Uint8Array';
  if (!ArrayBuffer.isView(array)) {
    const whole = array instanceof ArrayBuffer || array instanceof SharedArrayBuffer;
    return whole ? 'ArrayBuffer' : undefined;
  }
  // A class of the user's that extends a typed array counts as that array.
  return array instanceof DataView
    ? 'DataView'
    : (Reflect.get(typedArrays, Symbol.toStringTag, array) as string);
}

const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** A view of a buffer that was made smaller: it looks empty, and its own methods alone say that it is not. */
function isBeyond(array: OwnArray): boolean {
  if (!ArrayBuffer.isView(array) || !(array.buffer instanceof ArrayBuffer)) return false;
  if (!array.buffer.resizable) return false;
  try {
    if (array instanceof DataView) return array.byteLength < 0;
    Uint8Array.prototype.keys.call(array as Uint8Array<ArrayBuffer>);
    return false;
  } catch {
    return true;
  }
}

function bufferOf(array: OwnArray): ArrayBufferLike {
  return ArrayBuffer.isView(array) ? array.buffer : array;
}

export function bytesOf(array: OwnArray): Uint8Array {
  if (!ArrayBuffer.isView(array)) return new Uint8Array(array);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** What was `type` in the loop, over bytes that a checkpoint gave back. */
export function arrayOf(type: string, bytes: Uint8Array): OwnArray {
  // A view needs its alignment, and must not show what else is in the buffer.
  const aligned = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const { buffer } = aligned ? bytes : new Uint8Array(bytes);
  if (type === 'ArrayBuffer') return buffer;
  const make = (globalThis as unknown as Record<string, unknown>)[type];
  const known = type in dtypes || /^(DataView|Uint8Array|Uint8ClampedArray)$/.test(type);
  if (!known || typeof make !== 'function') return new Uint8Array(buffer);
  return new (make as new (from: ArrayBufferLike) => OwnArray)(buffer);
}

const WASM_PAGE_BYTES = 65_536;

/** Memory of WebAssembly: nothing says so but that it cannot be transferred. Such a view is lost once the memory grows. */
export function isWasmMemory(array: OwnArray): boolean {
  const buffer = bufferOf(array);
  const { byteLength } = buffer;
  if (!(buffer instanceof ArrayBuffer) || byteLength % WASM_PAGE_BYTES !== 0) return false;
  // The pool that Node cuts small buffers from cannot be transferred either.
  if (byteLength === 0 || (Buffer.isBuffer(array) && byteLength === Buffer.poolSize)) return false;
  const { port1 } = new MessageChannel();
  try {
    // A function cannot be sent, so nothing ever is; a buffer that cannot be transferred is complained of first.
    port1.postMessage(() => {}, [buffer]);
    return false;
  } catch (error) {
    return /transfer/i.test((error as Error).message);
  } finally {
    port1.close();
  }
}
