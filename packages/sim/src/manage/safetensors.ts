// Arrays as machine learning exchanges them: a header of JSON with dtypes, shapes and places, then the bytes.
// Source: https://github.com/huggingface/safetensors#format
import { failure } from '@stillpoint/core';
import type { FileHandle } from 'node:fs/promises';
import type { DType } from '../state/contract.ts';
import type { ExportedArray } from './exported-array.ts';

const dtypes: Readonly<Record<DType, string>> = {
  f64: 'F64',
  f32: 'F32',
  i32: 'I32',
  u32: 'U32',
  i16: 'I16',
  u16: 'U16',
  i8: 'I8',
  u8: 'U8',
};

/** Of all readers: a header that is larger is refused by them. */
const LARGEST_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

/** Resolves to the bytes written. */
export async function writeSafetensors(
  file: FileHandle,
  arrays: readonly ExportedArray[],
  facts: string,
): Promise<number> {
  // Wide elements first, so that each array is aligned for a reader that maps the file.
  const ordered = arrays.toSorted((a, b) => widthOf(b) - widthOf(a));
  const header = headerOf(ordered, facts);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.byteLength));
  await file.writeFile(length);
  await file.writeFile(header);
  let written = length.byteLength + header.byteLength;
  for (const array of ordered) {
    await file.writeFile(await array.read());
    written += array.lengthBytes;
  }
  return written;
}

function headerOf(arrays: readonly ExportedArray[], facts: string): Buffer {
  let position = 0;
  // By hand: an object would put names that look like integers first, and could not hold `__proto__`.
  const entries = arrays.map(({ name, dtype, shape, lengthBytes }) => {
    if (name === METADATA)
      throw failure('CKPT_EXPORT_NAME', {
        name,
        format: 'safetensors',
        reason: 'has it for itself',
      });
    const data_offsets = [position, (position += lengthBytes)];
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype: dtypes[dtype], shape, data_offsets })}`;
  });
  const metadata = JSON.stringify({ [METADATA]: { checkpoint: facts } }).slice(1, -1);
  const text = Buffer.from(`{${[metadata, ...entries].join(',')}}`, 'utf8');
  const header = Buffer.alloc(Math.ceil(text.byteLength / 8) * 8, ' ');
  text.copy(header);
  if (header.byteLength > LARGEST_HEADER_BYTES)
    throw failure('CKPT_EXPORT_TOO_MANY', { arrays: arrays.length });
  return header;
}

function widthOf({ dtype }: ExportedArray): number {
  return Number(dtype.slice(1));
}
