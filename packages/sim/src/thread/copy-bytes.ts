// Copies of memory that threads share.

/**
 * Of the same length, and nobody else writes or reads them meanwhile. A typed array's `set` copies shared memory number by number, for
 * another thread could look; Node's own copy moves blocks, which takes half as long. It is taken for parts of an array only, so in two parts.
 */
export function copyBytes(from: Uint8Array, to: Uint8Array): void {
  const half = from.byteLength >> 1;
  const source = Buffer.from(from.buffer, from.byteOffset, from.byteLength);
  source.copy(to, 0, 0, half);
  source.copy(to, half, half);
}
