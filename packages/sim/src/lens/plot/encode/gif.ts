// GIF, written frame by frame: one palette for all, made of the colours of the plot, so that nothing flickers; pixels that stay are left out.
import type { PictureSize } from '../contract.ts';
import { MISSING, STEPS } from '../look/colours.ts';

/** What we use of gifenc, which comes without types. */
interface Gifenc {
  readonly GIFEncoder: (options: { readonly auto: boolean }) => {
    writeHeader(): void;
    writeFrame(index: Uint8Array, width: number, height: number, options: object): void;
    finish(): void;
    bytes(): Uint8Array;
    reset(): void;
  };
  readonly nearestColorIndex: (palette: readonly Colour[], colour: Colour) => number;
}

type Colour = readonly [number, number, number];

export interface GifEncoder {
  frame(pixels: Uint8ClampedArray): Uint8Array;
  end(): Uint8Array;
}

/** `table`: the colours of the plot. */
export async function createGifEncoder(
  { width, height }: PictureSize,
  delayMs: number,
  table: Uint8Array,
): Promise<GifEncoder> {
  const { GIFEncoder, nearestColorIndex } = await loadGifenc();
  const palette = paletteOf(table);
  // Never drawn: where it is, the frame before stays.
  const transparentIndex = palette.length;
  const known = new Map<number, number>();
  const indexOf = (pixel: number): number => {
    const found =
      known.get(pixel) ??
      nearestColorIndex(palette, [pixel & 0xff, (pixel >> 8) & 0xff, (pixel >> 16) & 0xff]);
    known.set(pixel, found);
    return found;
  };
  const gif = GIFEncoder({ auto: false });
  const before = new Uint8Array(width * height).fill(255);
  const index = new Uint8Array(width * height);
  let isFirst = true;
  const taken = (): Uint8Array => {
    const bytes = gif.bytes();
    gif.reset();
    return bytes;
  };
  return {
    frame(pixels) {
      const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.byteLength / 4);
      for (let at = 0; at < words.length; at += 1) {
        const colour = indexOf(words[at] as number);
        index[at] = !isFirst && before[at] === colour ? transparentIndex : colour;
        before[at] = colour;
      }
      if (isFirst) gif.writeHeader();
      gif.writeFrame(index, width, height, {
        first: isFirst,
        ...(isFirst && { palette: [...palette, [0, 0, 0]] }),
        transparent: !isFirst,
        transparentIndex,
        delay: delayMs,
        repeat: 0,
        dispose: 1,
      });
      isFirst = false;
      return taken();
    },
    end() {
      gif.finish();
      return taken();
    },
  };
}

/** 200 of the plot's own, and greys: text and lines are drawn in them. */
function paletteOf(table: Uint8Array): readonly Colour[] {
  const colours: Colour[] = [];
  for (let at = 0; at < 200; at += 1) {
    const step = Math.round((at * (STEPS - 1)) / 199) * 3;
    colours.push([table[step]!, table[step + 1]!, table[step + 2]!]);
  }
  colours.push(MISSING);
  for (let at = 0; at < 54; at += 1) {
    const grey = Math.round((at * 255) / 53);
    colours.push([grey, grey, grey]);
  }
  return colours;
}

/** Loaded from source it is CommonJS, in the built form a module. */
async function loadGifenc(): Promise<Gifenc> {
  // @ts-expect-error -- it has no types
  const loaded = (await import('gifenc')) as Gifenc & { readonly default?: Partial<Gifenc> };
  return loaded.default?.nearestColorIndex === undefined ? loaded : (loaded.default as Gifenc);
}
