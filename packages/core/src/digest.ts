// BLAKE3, 256 bits, written `blake3:<64 hex>`. The native module is fast (about 3 GB/s a core); where no
// binary of it exists, the WebAssembly one gives the same digests more slowly.
// Source: https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf
import { createRequire } from 'node:module';

declare const brand: unique symbol;
export type Digest = string & { readonly [brand]: 'Digest' };

export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Digest;
}

interface HashState {
  update(bytes: Uint8Array): unknown;
  digest(encoding: 'hex'): string;
  reset?(): unknown;
}

const createState = await loadBlake3();

async function loadBlake3(): Promise<() => HashState> {
  try {
    const native = createRequire(import.meta.url)('@napi-rs/blake-hash') as {
      Blake3Hasher: new () => { update(bytes: Uint8Array): unknown; digest(): string };
    };
    const trial = new native.Blake3Hasher();
    trial.update(Buffer.from('x'));
    trial.digest();
    return () => new native.Blake3Hasher();
  } catch {
    const { createBLAKE3 } = await import('hash-wasm');
    const wasm = await createBLAKE3();
    const fresh = wasm.init().save();
    return () => new WasmState(wasm, fresh);
  }
}

/** hash-wasm has one shared memory; a state is saved and loaded around every call. */
class WasmState implements HashState {
  readonly #wasm;
  #saved: Uint8Array;
  constructor(
    wasm: Awaited<ReturnType<typeof import('hash-wasm').createBLAKE3>>,
    fresh: Uint8Array,
  ) {
    this.#wasm = wasm;
    this.#saved = fresh;
  }
  update(bytes: Uint8Array): void {
    this.#wasm.load(this.#saved);
    this.#wasm.update(bytes);
    this.#saved = this.#wasm.save();
  }
  digest(): string {
    this.#wasm.load(this.#saved);
    return this.#wasm.digest('hex');
  }
}

export function createHasher(): Hasher {
  const state = createState();
  return {
    update(bytes) {
      state.update(bytes);
    },
    digest() {
      return `blake3:${state.digest('hex')}` as Digest;
    },
  };
}

export function digestOf(bytes: Uint8Array): Digest {
  const state = resetState();
  state.update(bytes);
  return `blake3:${state.digest('hex')}` as Digest;
}

/** To begin a new state costs more than to hash a small input: one is used again and again. */
const usedAgain = createState();

function resetState(): HashState {
  if (usedAgain.reset === undefined) return createState();
  usedAgain.reset();
  return usedAgain;
}

/** Hex digests of many short inputs one after the other (pages): to begin a new state costs as much as to hash one. */
export function createBlockHasher(): (bytes: Uint8Array) => string {
  const state = createState();
  if (state.reset === undefined) return (bytes) => digestHex(digestOf(bytes));
  return (bytes) => {
    state.reset?.();
    state.update(bytes);
    return state.digest('hex');
  };
}

const pattern = /^blake3:[0-9a-f]{64}$/;
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && pattern.test(text);
}

/** The 64 hex characters of a digest: what file names use. */
export function digestHex(digest: Digest): string {
  return digest.slice('blake3:'.length);
}

export function digestFromHex(hex: string): Digest {
  return `blake3:${hex}` as Digest;
}
