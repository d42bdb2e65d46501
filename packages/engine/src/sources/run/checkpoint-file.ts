// Checkpoints as files of bytes: what one says of itself, and whether every byte is as it was written. Only that; what is in one belongs to
// the simulation. docs/format/checkpoint.md has the format, and this is a reader of it.
import type { FileHandle } from 'node:fs/promises';
import { createHasher, isDigest, type Digest } from '@stillpoint/core';

const headerBytes = 64;
const trailerBytes = 64;
const magic = 'STPTCKPT';
const endMagic = 'CKPTEND.';
const majorKnown = 1;
const pieceBytes = 1024 * 1024;
/** Of the table: what comes from elsewhere does not fill the memory. */
const tableBytesMax = 512 * 1024 * 1024;

export interface CheckpointOutline {
  readonly tick: number;
  /** Over header and table, which has the digests of all sections: those of equal digest are equal. */
  readonly digest: Digest;
  readonly bytes: number;
  /** The one that it needs beside itself. */
  readonly base: { readonly file: string; readonly digest: string } | null;
  readonly sections: readonly Section[];
}

interface Section {
  readonly name: string;
  readonly offset: number;
  readonly storedBytes: number;
  readonly storedDigest: string;
}

/** Throws an Error that says what is wrong with it. */
export async function readOutline(handle: FileHandle): Promise<CheckpointOutline> {
  const { size } = await handle.stat();
  if (size < headerBytes + trailerBytes) throw new Error('it is too short');
  const header = await readAt(handle, 0, headerBytes);
  if (header.toString('latin1', 0, 8) !== magic) throw new Error('it is no checkpoint');
  const major = header.readUInt16LE(8);
  if (major !== majorKnown) throw new Error(`it has format ${major}, which is not known here`);
  const trailer = await readAt(handle, size - trailerBytes, trailerBytes);
  if (trailer.toString('latin1', trailerBytes - 8) !== endMagic)
    throw new Error('its end is missing');
  const tableOffset = Number(trailer.readBigUInt64LE(0));
  const tableBytes = Number(trailer.readBigUInt64LE(8));
  if (tableOffset < headerBytes || tableOffset + tableBytes + trailerBytes !== size)
    throw new Error('its table does not lie in it');
  if (tableBytes > tableBytesMax) throw new Error('its table is too large');
  const table = await readAt(handle, tableOffset, tableBytes);
  const hasher = createHasher();
  hasher.update(header);
  hasher.update(table);
  const digest = hasher.digest();
  if (digest !== `blake3:${trailer.toString('hex', 16, 48)}`)
    throw new Error('its table is not what was written');
  const { base, sections } = parseTable(table);
  return {
    tick: Number(header.readBigUInt64LE(24)),
    digest,
    bytes: size,
    base,
    sections: sections.filter(({ offset, storedBytes }) => offset + storedBytes <= tableOffset),
  };
}

/** Reads all of it. Throws an Error that names what is damaged. */
export async function verifySections(
  handle: FileHandle,
  { sections }: CheckpointOutline,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, offset, storedBytes, storedDigest } of sections) {
    const hasher = createHasher();
    for (let at = 0; at < storedBytes; at += pieceBytes) {
      signal.throwIfAborted();
      hasher.update(await readAt(handle, offset + at, Math.min(pieceBytes, storedBytes - at)));
    }
    if (hasher.digest() !== storedDigest) throw new Error(`its section ${name} is damaged`);
  }
}

function parseTable(bytes: Buffer): Pick<CheckpointOutline, 'base' | 'sections'> {
  const table = JSON.parse(bytes.toString('utf8')) as {
    readonly base?: { readonly file?: unknown; readonly digest?: unknown } | null;
    readonly sections?: readonly Partial<Section>[];
  };
  const { base = null, sections } = table;
  if (!Array.isArray(sections) || !sections.every(isSection))
    throw new Error('its table cannot be understood');
  if (base === null) return { base: null, sections };
  const { file, digest } = base;
  if (typeof file !== 'string' || typeof digest !== 'string')
    throw new Error('its base is not named');
  return { base: { file, digest }, sections };
}

function isSection(value: Partial<Section>): value is Section {
  const { name, offset, storedBytes, storedDigest } = value;
  return (
    typeof name === 'string' &&
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(storedBytes) &&
    Number(offset) >= headerBytes &&
    Number(storedBytes) >= 0 &&
    isDigest(storedDigest)
  );
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) throw new Error('it ends too early');
    filled += bytesRead;
  }
  return buffer;
}
