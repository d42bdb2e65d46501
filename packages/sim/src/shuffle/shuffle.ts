// Bytes of equal weight together: all lowest bytes of the numbers of a block, then all second ones, and so on. Neighbours in a field have
// exponents alike; zstd finds that only when they stand together.
import { SHUFFLE_BYTES } from './bytes.ts';
import { shuffleModule } from './shuffle-module.ts';

export interface Shuffler {
  /** What is worked on; both a block long. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly output: Uint8Array<ArrayBuffer>;
  /** From input to output. `bytes` is a multiple of `elementBytes`, which is 2, 4 or 8. */
  shuffle(elementBytes: number, bytes: number): void;
  unshuffle(elementBytes: number, bytes: number): void;
}

/** The reference; and what works where WebAssembly does not (`node --jitless`). About 30 times slower. */
export function createPlainShuffler(): Shuffler {
  const input = new Uint8Array(SHUFFLE_BYTES);
  const output = new Uint8Array(SHUFFLE_BYTES);
  return {
    input,
    output,
    shuffle(elementBytes, bytes) {
      const count = bytes / elementBytes;
      for (let byte = 0; byte < elementBytes; byte += 1)
        for (let at = 0; at < count; at += 1)
          output[byte * count + at] = input[at * elementBytes + byte] as number;
    },
    unshuffle(elementBytes, bytes) {
      const count = bytes / elementBytes;
      for (let byte = 0; byte < elementBytes; byte += 1)
        for (let at = 0; at < count; at += 1)
          output[at * elementBytes + byte] = input[byte * count + at] as number;
    },
  };
}

/** With the vectors of WebAssembly, or plainly where there is none. Both give the same bytes. */
export function createShuffler(): Shuffler {
  return createVectorShuffler() ?? createPlainShuffler();
}

type Kernel = (count: number) => void;

/** What is used of it; Node's types know only its names. */
interface WebAssemblyHere {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: Readonly<Record<string, unknown>>;
  };
}

/** Undefined where WebAssembly or its vectors are missing. */
export function createVectorShuffler(): Shuffler | undefined {
  let exported: Readonly<Record<string, unknown>>;
  try {
    const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyHere };
    const module = new WebAssembly.Module(Buffer.from(shuffleModule, 'base64'));
    exported = new WebAssembly.Instance(module).exports;
  } catch {
    return undefined;
  }
  const { buffer } = exported['memory'] as { readonly buffer: ArrayBuffer };
  const kernel = (name: string, elementBytes: number): Kernel => {
    const found = exported[`${name}${elementBytes}`];
    if (typeof found !== 'function') throw new RangeError(`no numbers have ${elementBytes} bytes`);
    return found as Kernel;
  };
  return {
    input: new Uint8Array(buffer, 0, SHUFFLE_BYTES),
    output: new Uint8Array(buffer, SHUFFLE_BYTES, SHUFFLE_BYTES),
    shuffle: (elementBytes, bytes) => kernel('shuffle', elementBytes)(bytes / elementBytes),
    unshuffle: (elementBytes, bytes) => kernel('unshuffle', elementBytes)(bytes / elementBytes),
  };
}
