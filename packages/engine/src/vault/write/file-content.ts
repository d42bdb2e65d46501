// A file that lies still, as a stream of pieces.
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { failure } from '@stillpoint/core';
import type { FileContent } from '../../sources/contract.ts';

const pieceBytes = 1024 * 1024;
const readAt = promisify(read);

/** Rejects with VAULT_CONTENT_CHANGED when it is shorter than was said: then somebody changes it. */
export async function* readFileContent(file: FileContent): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < file.bytes;) {
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, file.bytes - position));
    const { bytesRead } = await readAt(file.descriptor, piece, 0, piece.length, position);
    if (bytesRead === 0) throw failure('VAULT_CONTENT_CHANGED', { position, bytes: file.bytes });
    yield piece.subarray(0, bytesRead);
    position += bytesRead;
  }
}
