// Pictures decoded again by a decoder that is not ours, for the tests of what is drawn.
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { crc32 } from 'node:zlib';
import assert from 'node:assert/strict';

export interface Decoded {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue. */
  at(x: number, y: number): readonly [number, number, number];
  /** Whether some pixel has this colour. */
  has(colour: readonly [number, number, number]): boolean;
  readonly pixels: Uint8ClampedArray;
}

export async function decode(bytes: Uint8Array): Promise<Decoded> {
  const image = await loadImage(Buffer.from(bytes));
  const { width, height } = image;
  const pen = createCanvas(width, height).getContext('2d');
  pen.drawImage(image, 0, 0);
  const pixels = pen.getImageData(0, 0, width, height).data;
  const at = (x: number, y: number): readonly [number, number, number] => {
    const from = (Math.round(y) * width + Math.round(x)) * 4;
    return [pixels[from]!, pixels[from + 1]!, pixels[from + 2]!];
  };
  return {
    width,
    height,
    at,
    has([red, green, blue]) {
      for (let from = 0; from < pixels.length; from += 4)
        if (pixels[from] === red && pixels[from + 1] === green && pixels[from + 2] === blue)
          return true;
      return false;
    },
    pixels,
  };
}

export interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** Of a PNG; its checksums are held against its bytes. */
export function chunksOf(bytes: Uint8Array): readonly Chunk[] {
  const all = Buffer.from(bytes);
  assert.equal(all.subarray(0, 8).toString('latin1'), '\u0089PNG\r\n\u001a\n');
  const chunks: Chunk[] = [];
  for (let at = 8; at < all.length;) {
    const length = all.readUInt32BE(at);
    const data = all.subarray(at + 8, at + 8 + length);
    const type = all.toString('latin1', at + 4, at + 8);
    assert.equal(all.readUInt32BE(at + 8 + length), crc32(all.subarray(at + 4, at + 8 + length)));
    chunks.push({ type, data });
    at += 12 + length;
  }
  return chunks;
}

/** The frames of an APNG as whole pictures, each put over the one before. */
export async function framesOf(bytes: Uint8Array): Promise<readonly Uint8ClampedArray[]> {
  const chunks = chunksOf(bytes);
  const header = chunks[0]!.data;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const frames: Uint8ClampedArray[] = [];
  let screen = new Uint8ClampedArray(width * height * 4);
  let control: Buffer | undefined;
  for (const { type, data } of chunks) {
    if (type === 'fcTL') control = data;
    if ((type !== 'IDAT' && type !== 'fdAT') || control === undefined) continue;
    const [partWidth, partHeight, left, top] = [4, 8, 12, 16].map((at) =>
      control!.readUInt32BE(at),
    ) as [number, number, number, number];
    const own = Buffer.from(header);
    own.writeUInt32BE(partWidth, 0);
    own.writeUInt32BE(partHeight, 4);
    const part = await decode(png(own, type === 'IDAT' ? data : data.subarray(4)));
    screen = screen.slice();
    for (let row = 0; row < partHeight; row += 1)
      screen.set(
        part.pixels.subarray(row * partWidth * 4, (row + 1) * partWidth * 4),
        ((top + row) * width + left) * 4,
      );
    frames.push(screen);
  }
  return frames;
}

function png(header: Buffer, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'),
    ...(
      [
        ['IHDR', header],
        ['IDAT', data],
        ['IEND', Buffer.alloc(0)],
      ] as const
    ).map(([type, bytes]) => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), bytes]);
      const around = Buffer.alloc(8);
      around.writeUInt32BE(bytes.length, 0);
      around.writeUInt32BE(crc32(body), 4);
      return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
    }),
  ]);
}
