import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTar } from './tar.ts';

function header(name: string, type: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000600', 100);
  block.write(size.toString(8).padStart(11, '0'), 124);
  block.write(type, 156);
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);

const archive = Buffer.concat([
  header('./base/', '5', 0),
  header('base/1', '0', 1000),
  padded(Buffer.alloc(1000, 'a')),
  header('base/2', '0', 0),
  header('base/3', '0', 512),
  padded(Buffer.alloc(512, 'b')),
  Buffer.alloc(1024),
]);

async function* cut(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

test('entries come out whole, however the stream is cut, read or left unread', async () => {
  for (const length of [1, 7, 511, 512, 513, 4096]) {
    for (const read of [true, false]) {
      const found: string[] = [];
      for await (const { path, type, mode, size, content } of readTar(cut(archive, length))) {
        const parts: Buffer[] = [];
        if (read) for await (const part of content) parts.push(part);
        const bytes = Buffer.concat(parts);
        assert.equal(bytes.length, read ? size : 0);
        found.push(
          `${path} ${type} ${mode.toString(8)} ${size} ${bytes.subarray(0, 1).toString()}`,
        );
      }
      const letter = (text: string): string => (read ? text : '');
      assert.deepEqual(found, [
        'base directory 600 0 ',
        `base/1 file 600 1000 ${letter('a')}`,
        'base/2 file 600 0 ',
        `base/3 file 600 512 ${letter('b')}`,
      ]);
    }
  }
});

test('damage and surprises are refused', async () => {
  const consume = async (bytes: Buffer): Promise<void> => {
    for await (const { content } of readTar(cut(bytes, 100)))
      for await (const part of content) void part;
  };
  const damaged = Buffer.from(archive);
  damaged.write('x', 3);
  await assert.rejects(consume(damaged), /damaged/);
  await assert.rejects(consume(archive.subarray(0, 1200)), /middle of a file/);
  await assert.rejects(consume(header('device', '3', 0)), /not known/);
});
