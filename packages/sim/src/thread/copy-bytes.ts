// Copies of memory that threads share.

/** Node's own copy counts in 32 bits: of more than 4 GiB it leaves out what is beyond, and says nothing. */
const PIECE_BYTES = 2 ** 30;

/**
 * Of the same length, and nobody else writes or reads them meanwhile. A typed array's `set` copies shared memory number by number, for
 * another thread could look; Node's own copy moves blocks, which takes half as long.
 */
export function copyBytes(from: Uint8Array, to: Uint8Array, pieceBytes = PIECE_BYTES): void {
  for (let at = 0; at < from.byteLength; at += pieceBytes)
    copyPiece(from.subarray(at, at + pieceBytes), to.subarray(at, at + pieceBytes));
}

/** In two parts: Node moves blocks only where it is asked for a part of an array. */
function copyPiece(from: Uint8Array, to: Uint8Array): void {
  const half = from.byteLength >> 1;
  const source = Buffer.from(from.buffer, from.byteOffset, from.byteLength);
  source.copy(to, 0, 0, half);
  source.copy(to, half, half);
}
