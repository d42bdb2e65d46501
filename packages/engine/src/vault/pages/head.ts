// The head of an image: how large it is, and the layers to lay one over the other, the oldest first. It is one chunk, and its digest
// is what a reference to the image names. All numbers little-endian.
//   header, 24 bytes: "SPIMAGE1", bytes of a page u32, number of layers u32, bytes of the image u64
//   layer, 48 bytes:  reference to its stream: digest (32), bytes u64, depth u32; then the number of its pages u32
import { digestFromHex, isDigest } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { DEPTH_MAX } from '../format/chunk-list.ts';
import { isPageBytes, PAGES_MAX } from './page.ts';
import { asBuffer } from '../as-buffer.ts';

const MAGIC = Buffer.from('SPIMAGE1', 'latin1');
const HEADER_BYTES = 24;
const LAYER_BYTES = 48;
/** Ours have 12. */
const LAYERS_MAX = 255;

export interface NamedLayer {
  readonly ref: StreamRef;
  /** Pages that it holds. */
  readonly entries: number;
}

export interface ImageHead {
  readonly pageBytes: number;
  readonly bytes: number;
  readonly layers: readonly NamedLayer[];
}

export function writeHead({ pageBytes, bytes, layers }: ImageHead): Buffer {
  const head = Buffer.alloc(HEADER_BYTES + layers.length * LAYER_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(pageBytes, 8);
  head.writeUInt32LE(layers.length, 12);
  head.writeBigUInt64LE(BigInt(bytes), 16);
  for (const [n, { ref, entries }] of layers.entries()) {
    const at = HEADER_BYTES + n * LAYER_BYTES;
    if (!isDigest(ref.digest)) throw new TypeError('a layer without a digest');
    head.write(ref.digest.slice(-64), at, 32, 'hex');
    head.writeBigUInt64LE(BigInt(ref.bytes), at + 32);
    head.writeUInt32LE(ref.depth, at + 40);
    head.writeUInt32LE(entries, at + 44);
  }
  return head;
}

/** The head; or, as text, what is wrong with it. */
export function readHead(content: Uint8Array): ImageHead | string {
  const head = asBuffer(content);
  if (head.length < HEADER_BYTES || !head.subarray(0, 8).equals(MAGIC)) return 'it is no head';
  const pageBytes = head.readUInt32LE(8);
  const count = head.readUInt32LE(12);
  const bytes = head.readBigUInt64LE(16);
  if (!isPageBytes(pageBytes)) return `pages of ${pageBytes} bytes`;
  if (bytes > BigInt(pageBytes) * BigInt(PAGES_MAX)) return 'it is larger than an image can be';
  if (count < 1 || count > LAYERS_MAX) return `${count} layers`;
  if (head.length !== HEADER_BYTES + count * LAYER_BYTES) return 'its head has another length';
  const layers: NamedLayer[] = [];
  for (let at = HEADER_BYTES; at < head.length; at += LAYER_BYTES) {
    const layer = readLayerName(head, at);
    if (typeof layer === 'string') return layer;
    layers.push(layer);
  }
  return { pageBytes, bytes: Number(bytes), layers };
}

function readLayerName(head: Buffer, at: number): NamedLayer | string {
  const bytes = head.readBigUInt64LE(at + 32);
  const depth = head.readUInt32LE(at + 40);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER) || depth > DEPTH_MAX) return 'it names no stream';
  const digest = digestFromHex(head.toString('hex', at, at + 32));
  return { ref: { digest, bytes: Number(bytes), depth }, entries: head.readUInt32LE(at + 44) };
}
