// GIF, written frame by frame: one palette for all, made of the colours of the plot, so that nothing flickers; pixels that stay are left out.
import type { PictureSize } from '../contract.ts';
import { LINES_LIGHT, MISSING, STEPS } from '../look/colours.ts';

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

/** Colours whose nearest is remembered: frames have few, arrows over them more. */
const MOST_KNOWN = 65_536;

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
    const before = known.get(pixel);
    if (before !== undefined) return before;
    const colour: Colour = [pixel & 0xff, (pixel >> 8) & 0xff, (pixel >> 16) & 0xff];
    const found = nearestColorIndex(palette, colour);
    if (known.size === MOST_KNOWN) known.clear();
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

/** The plot's own, the same under the light lines of a map, and greys: text and frames are drawn in them. Together 255. */
function paletteOf(table: Uint8Array): readonly Colour[] {
  const own = steps(table, 140);
  const underLines = steps(table, 64).map((colour): Colour =>
    mapColour(colour, (part) => Math.round(part + (255 - part) * LINES_LIGHT)),
  );
  const greys = Array.from({ length: 50 }, (_, at): Colour => {
    const grey = Math.round((at * 255) / 49);
    return [grey, grey, grey];
  });
  return [...own, ...underLines, MISSING, ...greys];
}

function steps(table: Uint8Array, count: number): readonly Colour[] {
  return Array.from({ length: count }, (_, at): Colour => {
    const from = Math.round((at * (STEPS - 1)) / (count - 1)) * 3;
    return [table[from]!, table[from + 1]!, table[from + 2]!];
  });
}

function mapColour([red, green, blue]: Colour, change: (part: number) => number): Colour {
  return [change(red), change(green), change(blue)];
}

/** Loaded from source it is CommonJS, in the built form a module. */
async function loadGifenc(): Promise<Gifenc> {
  // @ts-expect-error -- it has no types
  const loaded = (await import('gifenc')) as Gifenc & { readonly default?: Partial<Gifenc> };
  return loaded.default?.nearestColorIndex === undefined ? loaded : (loaded.default as Gifenc);
}
