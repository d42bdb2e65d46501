// A file that is far away: each read is a round trip. What is small lies together in a lens (facts, indexes), so small reads fetch the
// whole page around them and some pages stay; the first read says how long the file is and brings its end, where its directory is.
import { failure } from '@stillpoint/core';
import type { RangeSource } from '../../zip/contract.ts';
import { readOnce, type Reading } from '../../zip/index.ts';

/** Some bytes of a file, and which of its versions they are of. */
export interface FarBytes {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
  /** Changes when the file does; undefined: the server tells nothing of the kind. */
  readonly version: string | undefined;
}

/** The last bytes, up to so many; or just these, of this version where it can ask for it. */
export type FarRange =
  | { readonly lastBytes: number }
  | {
      readonly offsetBytes: number;
      readonly lengthBytes: number;
      readonly version: string | undefined;
    };

export type FarRead = (range: FarRange, signal?: AbortSignal) => Promise<FarBytes>;

const PAGE_BYTES = 64 * 1024;
const MOST_PAGES = 32;

/** Throws LENS_PLACE_CHANGED where the file is another one than at first. */
export async function farSource(
  name: string,
  far: FarRead,
  signal?: AbortSignal,
): Promise<RangeSource & AsyncDisposable> {
  const end = await far({ lastBytes: PAGE_BYTES }, signal);
  const { sizeBytes, version } = end;
  const pages = new Map<number, Reading<Uint8Array>>();
  const exactly = async (
    offsetBytes: number,
    lengthBytes: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> => {
    if (lengthBytes === 0) return new Uint8Array();
    const fromEnd = offsetBytes - (sizeBytes - end.bytes.length);
    if (fromEnd >= 0) return end.bytes.slice(fromEnd, fromEnd + lengthBytes);
    const got = await far({ offsetBytes, lengthBytes, version }, signal);
    if (got.sizeBytes !== sizeBytes || got.version !== version)
      throw failure('LENS_PLACE_CHANGED', { what: name });
    return got.bytes;
  };
  const page = async (number: number, signal?: AbortSignal): Promise<Uint8Array> => {
    const from = number * PAGE_BYTES;
    const lengthBytes = Math.min(PAGE_BYTES, sizeBytes - from);
    const known = pages.get(number);
    pages.delete(number);
    if (known !== undefined) pages.set(number, known);
    else
      for (const oldest of pages.keys()) {
        if (pages.size < MOST_PAGES) break;
        pages.delete(oldest);
      }
    return await readOnce(pages, number, (signal) => exactly(from, lengthBytes, signal), signal);
  };
  return {
    name,
    sizeBytes,
    async read(offsetBytes, lengthBytes, signal) {
      signal?.throwIfAborted();
      if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > sizeBytes)
        throw new RangeError(`${name} has no bytes ${offsetBytes} to ${offsetBytes + lengthBytes}`);
      const number = Math.floor(offsetBytes / PAGE_BYTES);
      const at = offsetBytes - number * PAGE_BYTES;
      // Over the edge of a page it is read by itself.
      if (lengthBytes === 0 || at + lengthBytes > PAGE_BYTES)
        return await exactly(offsetBytes, lengthBytes, signal);
      return (await page(number, signal)).slice(at, at + lengthBytes);
    },
    async [Symbol.asyncDispose]() {
      pages.clear();
    },
  };
}
