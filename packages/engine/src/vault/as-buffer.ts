// How the vault reads numbers out of bytes.

/** The same memory, to read numbers from: nothing is copied. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
