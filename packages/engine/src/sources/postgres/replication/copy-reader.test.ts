// The framing of the wire, wherever the network cuts it.
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { Client } from 'pg';
import { startCopy } from './copy-reader.ts';

const never = new AbortController().signal;

function message(type: string, body: string): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, Buffer.from(body, 'latin1')]);
}

/** A connection that brings exactly these chunks and then ends. */
function clientOf(chunks: readonly Buffer[]): Client {
  const waiting = [...chunks];
  const stream = new Duplex({
    // One chunk at a time: a stream that has several would hand them over as one.
    highWaterMark: 1,
    read() {
      this.push(waiting.shift() ?? null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
  return { connection: { stream }, end: async () => {} } as unknown as Client;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const sent = [
  message('H', ''),
  message('d', 'first'),
  message('N', 'a notice, passed over'),
  message('d', 'x'.repeat(300)),
  message('d', ''),
  message('c', ''),
];
const expected = ['H:', 'd:first', `d:${'x'.repeat(300)}`, 'd:', 'c:'];

for (const sizes of [[1], [2, 3], [4], [5], [6, 1], [7, 64], [100_000], [5, 100_000]]) {
  test(`messages come whole when the network brings ${sizes.join(', ')} bytes at a time`, async () => {
    const client = clientOf(cut(Buffer.concat(sent), sizes));
    await using reader = startCopy(client, 'COPY', never);
    const seen: string[] = [];
    while (seen.length < expected.length) {
      const { type, body } = await reader.next();
      seen.push(`${String.fromCharCode(type)}:${body.toString('latin1')}`);
    }
    assert.deepEqual(seen, expected);
    await assert.rejects(reader.next(), /closed the replication connection/);
  });
}

for (const sizes of [[1], [2, 3], [7, 64], [100_000]]) {
  test(`a body comes in pieces of what the network brings, ${sizes.join(', ')} bytes at a time, read to its end or not`, async () => {
    for (const readTo of [0, 1, 1000]) {
      const client = clientOf(cut(Buffer.concat(sent), sizes));
      await using reader = startCopy(client, 'COPY', never);
      const seen: string[] = [];
      while (seen.length < expected.length) {
        const { type, body, leftBytes } = await reader.begin();
        assert.ok(body.length > 0 || leftBytes === 0);
        let text = body.toString('latin1');
        for (let pieces = 0; pieces < readTo; pieces += 1) {
          const piece = await reader.more();
          if (piece === undefined) break;
          assert.ok(piece.length > 0);
          text += piece.toString('latin1');
        }
        seen.push(`${String.fromCharCode(type)}:${text}`);
      }
      if (readTo === 1000) assert.deepEqual(seen, expected);
      assert.ok(expected.every((whole, at) => whole.startsWith(seen[at]!)));
    }
  });
}

test('a connection that ends in the middle of a message rejects', async () => {
  const bytes = message('d', 'never whole').subarray(0, 9);
  await using reader = startCopy(clientOf([bytes]), 'COPY', never);
  await assert.rejects(reader.next(), /closed the replication connection/);
});
