// The vault as a driver sees it, in memory: for the shared suite and for driver tests that need no disk.
import { readSync } from 'node:fs';
import { digestOf, failure } from '@stillpoint/core';
import type { ObjectSink, ObjectSource, StreamRef } from '../contract.ts';

export interface MemoryObjects extends ObjectSink, ObjectSource {
  /** Plain bytes that were new. */
  readonly bytesStored: () => number;
  /** As a vault that is damaged. */
  readonly lose: (digest: string) => void;
  /** Digests that were read, to prove that references() is complete. */
  readonly digestsRead: ReadonlySet<string>;
}

export function createMemoryObjects(): MemoryObjects {
  const objects = new Map<string, Uint8Array>();
  const digestsRead = new Set<string>();
  let stored = 0;

  /** Nobody else may change `content` from now on. A base of a cluster is large: copies of it would be most of what a test does. */
  function keep(content: Uint8Array): StreamRef {
    const digest = digestOf(content);
    if (!objects.has(digest)) {
      objects.set(digest, content);
      stored += content.byteLength;
    }
    return { digest, bytes: content.byteLength, depth: 0 };
  }

  async function readBytes(ref: StreamRef): Promise<Uint8Array> {
    digestsRead.add(ref.digest);
    const content = objects.get(ref.digest);
    if (content === undefined)
      throw failure('CHUNK_MISSING', { chunk: ref.digest, key: 'memory', offset: 0 });
    return content;
  }

  return {
    bytesStored: () => stored,
    digestsRead,
    lose: (digest) => void objects.delete(digest),
    has: async ({ digest }) => objects.has(digest),
    writeBytes: async (content) => keep(new Uint8Array(content)),
    async writeStream(content) {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) pieces.push(new Uint8Array(piece));
      return keep(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    },
    async writeFile({ descriptor, bytes }) {
      const content = Buffer.alloc(bytes);
      for (let filled = 0; filled < bytes;) {
        const read = readSync(descriptor, content, filled, bytes - filled, filled);
        if (read === 0) throw failure('VAULT_CONTENT_CHANGED', { position: filled, bytes });
        filled += read;
      }
      return keep(content);
    },
    readBytes,
    async *readStream(ref) {
      yield await readBytes(ref);
    },
  };
}
