// The groups that an image's pages lie in, numbered. 36 bytes a group: two and a quarter a page where a group holds 16.
import { GROUP_DIGEST_BYTES } from './layers.ts';
import { asBuffer } from '../as-buffer.ts';

export interface GroupList {
  readonly count: number;
  /** The number of the new one. */
  add(hex: string, bytes: number): number;
  hex(group: number): string;
  /** Plain. */
  bytes(group: number): number;
}

export function createGroupList(): GroupList {
  let digests = Buffer.alloc(64 * GROUP_DIGEST_BYTES);
  let sizes = new Uint32Array(64);
  let count = 0;

  const makeRoom = (): void => {
    if (count < sizes.length) return;
    digests = Buffer.concat([digests], digests.length * 2);
    const larger = new Uint32Array(sizes.length * 2);
    larger.set(sizes);
    sizes = larger;
  };

  return {
    get count() {
      return count;
    },
    add(hex, bytes) {
      makeRoom();
      digests.write(hex, count * GROUP_DIGEST_BYTES, GROUP_DIGEST_BYTES, 'hex');
      sizes[count] = bytes;
      return count++;
    },
    hex: (group) => hexAt(digests, group),
    bytes: (group) => sizes[group] ?? 0,
  };
}

/** The digest of a group in a column of them. */
export function hexAt(digests: Uint8Array, group: number): string {
  const at = group * GROUP_DIGEST_BYTES;
  return asBuffer(digests).toString('hex', at, at + GROUP_DIGEST_BYTES);
}
