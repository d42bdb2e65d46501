// Arrays as numpy keeps them: each a .npy (a header in Python's words, then the bytes) in a zip that is called .npz.
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { failure } from '@stillpoint/core';
import type { FileHandle } from 'node:fs/promises';
import type { DType } from '../state/contract.ts';
import type { ExportedArray } from './exported-array.ts';
import { createZipWriter } from '../zip/index.ts';

const descriptors: Readonly<Record<DType, string>> = {
  f64: '<f8',
  f32: '<f4',
  i32: '<i4',
  u32: '<u4',
  i16: '<i2',
  u16: '<u2',
  i8: '|i1',
  u8: '|u1',
};

/** Of one member of a zip, as every reader knows it. */
const LARGEST_BYTES = 0xff_ff_ff_00;

/** Resolves to the bytes written. */
export async function writeNpz(
  file: FileHandle,
  arrays: readonly ExportedArray[],
  facts: string,
): Promise<number> {
  const zip = createZipWriter(file);
  // Beside the arrays; numpy gives what has no .npy at its end as bytes.
  await zip.add('@checkpoint.json', Buffer.from(facts, 'utf8'));
  for (const array of arrays) {
    const { name, dtype, shape, lengthBytes } = array;
    const header = npyHeader(dtype, shape);
    if (header.byteLength + lengthBytes > LARGEST_BYTES)
      throw failure('CKPT_EXPORT_NAME', {
        name,
        format: 'npz',
        reason: 'holds at most 4 GB in one array',
      });
    const member = zip.begin(`${name}.npy`);
    await member.write(header);
    await member.write(await array.read());
    await member.end();
  }
  return (await zip.finish()).sizeBytes;
}

function npyHeader(dtype: DType, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const words = `{'descr': '${descriptors[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const before = 10;
  // The data begin at a multiple of 64; the header ends with a line feed.
  const length = Math.ceil((before + words.length + 1) / 64) * 64 - before;
  const header = Buffer.alloc(before + length, ' ');
  header.write('\u0093NUMPY\u0001\u0000', 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(words, before, 'latin1');
  header.write('\n', before + length - 1, 'latin1');
  return header;
}
