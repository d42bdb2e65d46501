// A reader of GIFs (GIF89a), for the tests: no library at hand shows more than the first frame.
import assert from 'node:assert/strict';

export interface GifFrame {
  readonly delayMs: number;
  /** Red, green, blue and alpha of the whole picture, when this frame is shown. */
  readonly pixels: Uint8ClampedArray;
}

export function gifFrames(bytes: Uint8Array): readonly GifFrame[] {
  const all = Buffer.from(bytes);
  assert.equal(all.toString('latin1', 0, 6), 'GIF89a');
  const [width, height] = [all.readUInt16LE(6), all.readUInt16LE(8)];
  const colours = 2 ** ((all[10]! & 7) + 1);
  const palette = all.subarray(13, 13 + 3 * colours);
  const screen = new Uint8ClampedArray(width * height * 4);
  const frames: GifFrame[] = [];
  let transparent = -1;
  let delayMs = -1;
  let at = 13 + palette.length;
  while (all[at] !== 0x3b) {
    if (all[at] === 0x21) {
      if (all[at + 1] === 0xf9) {
        assert.equal((all[at + 3]! >> 2) & 7, 1, 'a frame stays');
        transparent = (all[at + 3]! & 1) === 1 ? all[at + 6]! : -1;
        delayMs = all.readUInt16LE(at + 4) * 10;
      }
      at = blocksOf(all, at + 2).end;
      continue;
    }
    // Whole pictures with the palette of all.
    assert.deepEqual(
      [
        all[at],
        all.readUInt32LE(at + 1),
        all.readUInt16LE(at + 5),
        all.readUInt16LE(at + 7),
        all[at + 9],
      ],
      [0x2c, 0, width, height, 0],
    );
    const { data, end } = blocksOf(all, at + 11);
    const indexes = unpack(data, all[at + 10]!, width * height);
    for (const [pixel, index] of indexes.entries())
      if (index !== transparent)
        screen.set([...palette.subarray(index * 3, index * 3 + 3), 255], pixel * 4);
    frames.push({ delayMs, pixels: screen.slice() });
    at = end;
  }
  assert.equal(at, all.length - 1);
  return frames;
}

function blocksOf(all: Buffer, from: number): { readonly data: Buffer; readonly end: number } {
  const parts: Buffer[] = [];
  let at = from;
  while (all[at] !== 0) {
    parts.push(all.subarray(at + 1, at + 1 + all[at]!));
    at += all[at]! + 1;
  }
  return { data: Buffer.concat(parts), end: at + 1 };
}

/** LZW with codes that grow. */
function unpack(data: Buffer, leastBits: number, count: number): Uint8Array {
  const clear = 2 ** leastBits;
  const out = new Uint8Array(count);
  let table: (readonly number[])[] = [];
  let bits = leastBits + 1;
  let before: readonly number[] | undefined;
  let [written, held, heldBits] = [0, 0, 0];
  for (const byte of data) {
    held |= byte << heldBits;
    heldBits += 8;
    while (heldBits >= bits) {
      const code = held & (2 ** bits - 1);
      held >>>= bits;
      heldBits -= bits;
      if (code === clear) {
        table = Array.from({ length: clear + 2 }, (_, at) => [at]);
        bits = leastBits + 1;
        before = undefined;
        continue;
      }
      if (code === clear + 1) {
        assert.equal(written, count);
        return out;
      }
      const entry = table[code] ?? [...before!, before![0]!];
      if (before !== undefined && table.length < 4096) table.push([...before, entry[0]!]);
      if (table.length === 2 ** bits && bits < 12) bits += 1;
      out.set(entry, written);
      written += entry.length;
      before = entry;
    }
  }
  throw new Error('a frame of the GIF has no end');
}
