// The directory of a stored zip. Nothing is believed: each number is held against the size of the file before it is used.
import type { RangeSource, ZipEntry } from './contract.ts';
import {
  DIRECTORY_HEADER_BYTES,
  END_64_BYTES,
  END_BYTES,
  LOCAL_HEADER_BYTES,
  LOCATOR_BYTES,
  signatures,
} from './records.ts';

/** A zip may end with a comment of that length. Ours have none, so the last bytes are looked at first. */
const MOST_COMMENT_BYTES = 0xffff;
const FIRST_LOOK_BYTES = 1024;

/** Says why it is none, in words that an error can carry on. */
export class NotAZip extends Error {}

/** Entries by their name. Throws NotAZip for what is no zip, is damaged, or holds anything compressed or encrypted. */
export async function readZip(
  source: RangeSource,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const { directoryOffset, directoryBytes, count } = await findDirectory(source, signal);
  if (count * DIRECTORY_HEADER_BYTES > directoryBytes) throw new NotAZip('its directory is cut');
  const directory = await source.read(directoryOffset, directoryBytes, signal);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let number = 0; number < count; number += 1) {
    const { entry, next } = readEntry(directory, at, directoryOffset);
    if (entries.has(entry.name)) throw new NotAZip(`it holds ${entry.name} twice`);
    entries.set(entry.name, entry);
    at = next;
  }
  return entries;
}

interface Place {
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  readonly count: number;
}

async function findDirectory(source: RangeSource, signal?: AbortSignal): Promise<Place> {
  const { sizeBytes } = source;
  if (sizeBytes < END_BYTES) throw new NotAZip('it is too short');
  for (const look of [FIRST_LOOK_BYTES, MOST_COMMENT_BYTES + END_BYTES + LOCATOR_BYTES]) {
    const length = Math.min(look, sizeBytes);
    const tail = await source.read(sizeBytes - length, length, signal);
    const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
    for (let at = length - END_BYTES; at >= 0; at -= 1) {
      if (view.getUint32(at, true) !== signatures.end) continue;
      if (at + END_BYTES + view.getUint16(at + 20, true) !== length) continue;
      return await placeOf(source, view, at, sizeBytes - length, signal);
    }
  }
  throw new NotAZip('it has no directory');
}

async function placeOf(
  source: RangeSource,
  view: DataView,
  at: number,
  tailOffset: number,
  signal?: AbortSignal,
): Promise<Place> {
  const hasLocator =
    at >= LOCATOR_BYTES && view.getUint32(at - LOCATOR_BYTES, true) === signatures.locator;
  if (!hasLocator)
    return bounded(
      view.getUint32(at + 16, true),
      view.getUint32(at + 12, true),
      view.getUint16(at + 10, true),
      tailOffset + at,
    );
  const offset = Number(view.getBigUint64(at - LOCATOR_BYTES + 8, true));
  if (offset + END_64_BYTES > source.sizeBytes) throw new NotAZip('its directory is cut');
  const bytes = await source.read(offset, END_64_BYTES, signal);
  const end = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end.getUint32(0, true) !== signatures.end64) throw new NotAZip('its directory is damaged');
  return bounded(
    Number(end.getBigUint64(48, true)),
    Number(end.getBigUint64(40, true)),
    Number(end.getBigUint64(32, true)),
    offset,
  );
}

function bounded(
  directoryOffset: number,
  directoryBytes: number,
  count: number,
  end: number,
): Place {
  if (directoryOffset + directoryBytes > end) throw new NotAZip('its directory is damaged');
  return { directoryOffset, directoryBytes, count };
}

function readEntry(
  directory: Uint8Array,
  at: number,
  directoryOffset: number,
): { readonly entry: ZipEntry; readonly next: number } {
  if (at + DIRECTORY_HEADER_BYTES > directory.length) throw new NotAZip('its directory is cut');
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength);
  if (view.getUint32(at, true) !== signatures.directory)
    throw new NotAZip('its directory is damaged');
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  const next = at + DIRECTORY_HEADER_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
  if (next > directory.length) throw new NotAZip('its directory is cut');
  const nameEnd = at + DIRECTORY_HEADER_BYTES + nameBytes;
  const name = textOf(directory.subarray(at + DIRECTORY_HEADER_BYTES, nameEnd));
  if ((view.getUint16(at + 8, true) & 1) !== 0 || view.getUint16(at + 10, true) !== 0)
    throw new NotAZip(`its entry ${name} is compressed or encrypted`);
  const sizeBytes = view.getUint32(at + 24, true);
  let header = view.getUint32(at + 42, true);
  if (header === 0xffff_ffff) {
    if (extraBytes < 12 || view.getUint16(nameEnd, true) !== 1)
      throw new NotAZip('its directory is damaged');
    header = Number(view.getBigUint64(nameEnd + 4, true));
  }
  // Ours have no extra fields in the local header: data follows the name.
  const offsetBytes = header + LOCAL_HEADER_BYTES + nameBytes;
  if (offsetBytes + sizeBytes > directoryOffset) throw new NotAZip(`its entry ${name} is cut`);
  return { entry: { name, offsetBytes, sizeBytes, crc32: view.getUint32(at + 16, true) }, next };
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new NotAZip('it holds a name that is not UTF-8');
  }
}
