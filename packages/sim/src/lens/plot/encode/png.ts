// PNG, and its animated kind, written piece by piece (PNG, third edition: https://www.w3.org/TR/png-3/). Rows of red, green and blue; of an
// animation each frame has only the rectangle that changed. Nothing of the machine or the clock is in it.
import { crc32, deflateSync } from 'node:zlib';
import type { PictureSize } from '../contract.ts';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const CHANNELS = 3;

/** Of a picture, or of a part of it. */
export interface Rectangle extends PictureSize {
  readonly left: number;
  readonly top: number;
}

export function encodePng(pixels: Uint8ClampedArray, size: PictureSize): Uint8Array {
  const whole = { left: 0, top: 0, ...size };
  return Buffer.concat([
    SIGNATURE,
    header(size),
    chunk('IDAT', packed(pixels, size.width, whole)),
    chunk('IEND', new Uint8Array()),
  ]);
}

export interface ApngEncoder {
  /** What comes before the first frame. */
  start(frames: number): Uint8Array;
  frame(pixels: Uint8ClampedArray): Uint8Array;
  end(): Uint8Array;
}

/** Frames of the same size; `pixels` are red, green, blue and alpha, and are copied. */
export function createApngEncoder(size: PictureSize, delayMs: number): ApngEncoder {
  let sequence = 0;
  let before: Uint8ClampedArray | undefined;
  return {
    start: (frames) => {
      const control = Buffer.alloc(8);
      control.writeUInt32BE(frames, 0);
      return Buffer.concat([SIGNATURE, header(size), chunk('acTL', control)]);
    },
    frame(pixels) {
      const changed = before === undefined ? whole(size) : changedIn(before, pixels, size);
      const control = frameControl(sequence, changed, delayMs);
      sequence += 1;
      const data = packed(pixels, size.width, changed);
      const isFirst = before === undefined;
      if (before === undefined) before = pixels.slice();
      else before.set(pixels);
      if (isFirst) return Buffer.concat([chunk('fcTL', control), chunk('IDAT', data)]);
      const numbered = Buffer.alloc(4 + data.length);
      numbered.writeUInt32BE(sequence, 0);
      numbered.set(data, 4);
      sequence += 1;
      return Buffer.concat([chunk('fcTL', control), chunk('fdAT', numbered)]);
    },
    end: () => chunk('IEND', new Uint8Array()),
  };
}

function whole(size: PictureSize): Rectangle {
  return { left: 0, top: 0, ...size };
}

/** The smallest rectangle that has every pixel that differs; one pixel where none does. */
export function changedIn(
  before: Uint8ClampedArray,
  after: Uint8ClampedArray,
  { width, height }: PictureSize,
): Rectangle {
  const [a, b] = [before, after].map(
    (one) => new Uint32Array(one.buffer, one.byteOffset, one.byteLength / 4),
  ) as [Uint32Array, Uint32Array];
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      if (a[row * width + column] === b[row * width + column]) continue;
      if (column < left) left = column;
      if (column > right) right = column;
      if (row < top) top = row;
      bottom = row;
    }
  if (right < 0) return { left: 0, top: 0, width: 1, height: 1 };
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function header({ width, height }: PictureSize): Uint8Array {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  // 8 bits, red green blue.
  data.set([8, 2, 0, 0, 0], 8);
  return chunk('IHDR', data);
}

function frameControl(
  sequence: number,
  { left, top, width, height }: Rectangle,
  delayMs: number,
): Uint8Array {
  const data = Buffer.alloc(26);
  for (const [at, value] of [sequence, width, height, left, top].entries())
    data.writeUInt32BE(value, at * 4);
  data.writeUInt16BE(delayMs, 20);
  data.writeUInt16BE(1000, 22);
  // It stays, and is put in place of what was there.
  return data;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

function packed(
  pixels: Uint8ClampedArray,
  rowPixels: number,
  { left, top, width, height }: Rectangle,
): Uint8Array {
  const line = width * CHANNELS;
  const out = new Uint8Array(height * (line + 1));
  let above = new Uint8Array(line);
  let row = new Uint8Array(line);
  const tried = new Uint8Array(line);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = ((top + y) * rowPixels + left + x) * 4;
      row[x * 3] = pixels[from] as number;
      row[x * 3 + 1] = pixels[from + 1] as number;
      row[x * 3 + 2] = pixels[from + 2] as number;
    }
    const to = y * (line + 1);
    let least = Infinity;
    for (let filter = 0; filter < filters.length; filter += 1) {
      const sum = filters[filter]!(row, above, tried);
      if (sum >= least) continue;
      least = sum;
      out[to] = filter;
      out.set(tried, to + 1);
    }
    [above, row] = [row, above];
  }
  return deflateSync(out, { level: 9 });
}

/** What is left of a row; gives how much that is, as small steps up and down. */
type Filter = (row: Uint8Array, above: Uint8Array, to: Uint8Array) => number;

const filters: readonly Filter[] = [
  filterBy(() => 0),
  filterBy((left) => left),
  filterBy((_left, up) => up),
  filterBy((left, up) => (left + up) >> 1),
  filterBy(paeth),
];

function filterBy(foretell: (left: number, up: number, corner: number) => number): Filter {
  return (row, above, to) => {
    let sum = 0;
    for (let at = 0; at < row.length; at += 1) {
      const left = at < CHANNELS ? 0 : (row[at - CHANNELS] as number);
      const corner = at < CHANNELS ? 0 : (above[at - CHANNELS] as number);
      const rest = ((row[at] as number) - foretell(left, above[at] as number, corner)) & 0xff;
      to[at] = rest;
      sum += rest < 128 ? rest : 256 - rest;
    }
    return sum;
  };
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [byLeft, byUp, byCorner] = [
    Math.abs(estimate - left),
    Math.abs(estimate - up),
    Math.abs(estimate - corner),
  ];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
