// File and ref names are bytes. Inside the engine a name is a ByteName: a string that holds one byte in each
// character (latin1), so that it can be a Map key, be split at '/' and be sorted in byte order, and turns back into
// exactly the same bytes. In JSON a name that is valid UTF-8 is that text; any other is { "b64": "..." }.
import { isUtf8 } from 'node:buffer';

declare const brand: unique symbol;
export type ByteName = string & { readonly [brand]: 'ByteName' };

export type EncodedName = string | { readonly b64: string };

/** A path that node:fs takes. */
export type FsPath = string | Buffer;

export function nameOfBytes(bytes: Buffer): ByteName {
  return bytes.toString('latin1') as ByteName;
}

export function nameOfText(text: string): ByteName {
  return nameOfBytes(Buffer.from(text, 'utf8'));
}

export function bytesOfName(name: ByteName): Buffer {
  return Buffer.from(name, 'latin1');
}

export function encodeName(name: ByteName): EncodedName {
  if (isAscii(name)) return name;
  const bytes = bytesOfName(name);
  return isUtf8(bytes) ? bytes.toString('utf8') : { b64: bytes.toString('base64') };
}

export function decodeName(encoded: EncodedName): ByteName {
  if (typeof encoded === 'string')
    return isAscii(encoded) ? (encoded as ByteName) : nameOfText(encoded);
  return nameOfBytes(Buffer.from(encoded.b64, 'base64'));
}

/** For people: readable text whatever the bytes, on one line. */
export function showName(name: ByteName): string {
  const bytes = bytesOfName(name);
  const text = isUtf8(bytes) ? bytes.toString('utf8') : name;
  return /^[^\p{Cc}]*$/u.test(text) ? text : JSON.stringify(text);
}

/** Makes absolute paths of names below `directory`; a Buffer only where text would change the bytes. */
export function pathsBelow(directory: string): (name: ByteName) => FsPath {
  const prefix = Buffer.from(`${directory}/`, 'utf8');
  return (name) =>
    isAscii(name) ? `${directory}/${name}` : Buffer.concat([prefix, bytesOfName(name)]);
}

export function parentOf(name: ByteName): ByteName | undefined {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? undefined : (name.slice(0, slash) as ByteName);
}

/** Every directory above the names, parents before children. */
export function directoriesAbove(names: Iterable<ByteName>): ByteName[] {
  const found = new Set<ByteName>();
  for (const name of names) {
    for (let at = parentOf(name); at !== undefined && !found.has(at); at = parentOf(at))
      found.add(at);
  }
  return [...found].toSorted(byBytes);
}

export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Whether a name read from a record may be written below a directory: no absolute path, no '..'. A record is verified by its
 * digest, yet the place where files are written must never depend on that alone.
 */
export function isSafeName(name: ByteName): boolean {
  if (name === '' || name.includes('\0')) return false;
  return name.split('/').every((part) => !['', '.', '..'].includes(part));
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\u0000-\u007f]*$/.test(text);
}
