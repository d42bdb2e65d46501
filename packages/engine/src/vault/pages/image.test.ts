// Images, written and read: exact whatever came before, independent of every other image, small where little changed.
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { plainStreams } from '../read/stream-reader.ts';
import { noise, pieces, randomFrom } from '../test-streams.ts';
import { readHead } from './head.ts';
import { listImage, openImage, WINDOW_BYTES } from './image-reader.ts';
import { LAYERS_MAX } from './layer-policy.ts';
import { GROUP_BYTES } from './page.ts';
import { createTestImages, type TestImages } from './testkit.ts';

const KEPT_IMAGES = 6;

void test('any sequence of images reads back exactly, and each without the others', async () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) await sequence(seed);
});

/** A history like that of a database: most steps change little, some much; previous images get lost, damaged, doubtful. */
async function sequence(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pageBytes = [512, 1000, 4096][below(3)] as number;
  const images = createTestImages();
  const kept: { readonly ref: StreamRef; readonly content: Buffer }[] = [];
  let content = noise(random, pageBytes * (40 + below(400)) + below(2) * below(pageBytes));
  for (let step = 0; step < 60; step++) {
    content = changed(content, pageBytes, below);
    const previous = kept[below(10) < 8 ? kept.length - 1 : below(kept.length)]?.ref;
    if (previous !== undefined && below(12) === 0) await harm(images, previous, below);
    const ref = await images.write(pieces(content, random), { pageBytes, previous });
    const where = `seed ${seed}, step ${step}`;
    assert.deepEqual(await images.read(ref), content, where);
    kept.push({ ref, content });
    if (kept.length > KEPT_IMAGES) kept.shift();
    await forgetOthers(images, kept.at(-1)!.ref, where, content);
  }
}

function changed(content: Buffer, pageBytes: number, below: (limit: number) => number): Buffer {
  const next = Buffer.from(content);
  const pages = Math.ceil(content.length / pageBytes);
  const count = [0, 1, 3, 20, pages][below(5)] as number;
  for (let n = 0; n < count && n < 60; n++) {
    const at = below(pages) * pageBytes;
    if (below(6) === 0) next.fill(0, at, Math.min(next.length, at + pageBytes));
    else next.fill(below(256), at, Math.min(next.length, at + 1 + below(pageBytes)));
  }
  const end = below(10);
  if (end === 0) return next.subarray(0, Math.max(1, below(next.length)));
  if (end === 1) return Buffer.concat([next, noise(() => below(1e9) / 1e9, below(50 * pageBytes))]);
  if (end === 2) return Buffer.concat([next, Buffer.alloc(below(10 * pageBytes))]);
  return next;
}

async function harm(
  images: TestImages,
  ref: StreamRef,
  below: (limit: number) => number,
): Promise<void> {
  if (ref.pageBytes === undefined) return;
  const named = await Array.fromAsync(listImage(images.reader, ref, plainStreams));
  const { hex } = named[below(named.length)]!;
  if (below(2) === 0) images.doubtful.add(hex);
  else images.chunks.delete(hex);
}

/** Only what it lists is left: it must do. */
async function forgetOthers(
  images: TestImages,
  ref: StreamRef,
  where: string,
  content: Buffer,
): Promise<void> {
  if (ref.pageBytes === undefined) return;
  const alone = createTestImages();
  const copy = {
    read: async (hex: string) => {
      const plain = await images.reader.read(hex);
      alone.chunks.set(hex, plain);
      return plain;
    },
  };
  for await (const { hex, bytes } of listImage(copy, ref, plainStreams)) {
    assert.equal((await copy.read(hex)).length, bytes, where);
    assert.ok(!images.doubtful.has(hex), `${where}: rests on what may be gone`);
  }
  assert.deepEqual(await alone.read(ref), content, where);
  const { head } = await openImage(images.reader, ref, plainStreams, 1);
  assert.ok(head.layers.length <= LAYERS_MAX, where);
}

void test('an image that did not change has the same reference', async () => {
  const images = createTestImages();
  const content = noise(randomFrom(7), 300 * 1024);
  const first = await images.write([content], { pageBytes: 1024 });
  const before = images.chunks.size;
  const again = await images.write([content], { pageBytes: 1024, previous: first });
  assert.deepEqual(again, first);
  assert.equal(images.chunks.size, before);
});

void test('of a few changed pages only these are stored, whatever the number of images before', async () => {
  const images = createTestImages();
  const random = randomFrom(8);
  const pageBytes = 4096;
  const content = noise(random, 1000 * pageBytes);
  let ref = await images.write([content], { pageBytes });
  for (let step = 0; step < 60; step++) {
    for (let n = 0; n < 5; n++) content[Math.floor(random() * content.length)]! ^= 1;
    const before = images.bytesNew();
    ref = await images.write([content], { pageBytes, previous: ref });
    const pagesNew = (images.bytesNew() - before) / pageBytes;
    assert.ok(pagesNew < 5 + 15, `step ${step}: as much as ${pagesNew} pages`);
  }
  assert.deepEqual(await images.read(ref), content);
});

void test('what an image keeps stays within four times its size, however often its pages changed', async () => {
  const images = createTestImages();
  const random = randomFrom(9);
  const pageBytes = 4096;
  const content = noise(random, 500 * pageBytes);
  let ref = await images.write([content], { pageBytes });
  for (let step = 0; step < 150; step++) {
    for (let n = 0; n < 20; n++) content[Math.floor(random() * content.length)]! ^= 1;
    ref = await images.write([content], { pageBytes, previous: ref });
  }
  let bytes = 0;
  for await (const entry of listImage(images.reader, ref, plainStreams)) bytes += entry.bytes;
  assert.ok(bytes < 4.5 * content.length, `${bytes} for ${content.length}`);
  assert.deepEqual(await images.read(ref), content);
});

void test('layers that images share are listed once, unless their listing was not carried to its end', async () => {
  const images = createTestImages();
  const content = noise(randomFrom(14), 200 * 4096);
  const first = await images.write([content], { pageBytes: 4096 });
  content.fill(1, 0, 100);
  const second = await images.write([content], { pageBytes: 4096, previous: first });
  const layers = new Set<string>();
  const list = (ref: StreamRef): AsyncIterable<{ hex: string }> =>
    listImage(images.reader, ref, plainStreams, layers);
  let count = 0;
  for await (const _ of list(first)) if (++count === 5) break;
  assert.equal(layers.size, 0);
  const named = new Set<string>();
  for await (const { hex } of list(first)) named.add(hex);
  const before = named.size;
  for await (const { hex } of list(second)) named.add(hex);
  assert.equal(named.size, before + 3, 'its head, its layer, its group');
  const anew = await Array.fromAsync(listImage(images.reader, second, plainStreams));
  assert.ok(anew.every(({ hex }) => named.has(hex)));
});

void test('pages of zeros are in no group', async () => {
  const images = createTestImages();
  const content = Buffer.alloc(1000 * 512);
  content.fill(1, 512 * 500, 512 * 501);
  const ref = await images.write([content], { pageBytes: 512 });
  assert.ok(images.bytesNew() < 40_000, `${images.bytesNew()}`);
  assert.deepEqual(await images.read(ref), content);
  const none = Buffer.alloc(100_001);
  const zeros = await images.write([none], { pageBytes: 512, previous: ref });
  assert.deepEqual(await images.read(zeros), none);
});

void test('an image of several windows, from a file and from a stream, is the same', async () => {
  await using place = await mkdtempDisposable();
  const images = createTestImages();
  const random = randomFrom(10);
  const content = Buffer.alloc(2 * WINDOW_BYTES + 3 * 8192 + 17);
  for (let at = 0; at < content.length; at += 512) content.writeDoubleLE(random(), at - (at % 8));
  const file = path.join(place.path, 'image');
  await writeFile(file, content);
  const descriptor = openSync(file, 'r');
  try {
    const ref = await images.write({ descriptor, bytes: content.length }, { pageBytes: 8192 });
    const same = await images.write(pieces(content, random), { pageBytes: 8192 });
    assert.deepEqual(same, ref);
    assert.deepEqual(await images.read(ref), content);
    const image = await openImage(images.reader, ref, plainStreams, 3);
    const some = await image.readPages(1020, 12);
    assert.deepEqual(some, content.subarray(1020 * 8192, 1032 * 8192));
    assert.equal((await image.readPages(2000, 1000)).length, content.length - 2000 * 8192);
    const short = { descriptor, bytes: content.length + 1 };
    await assert.rejects(images.write(short, { pageBytes: 8192 }), (error) =>
      isFailure(error, 'VAULT_CONTENT_CHANGED'),
    );
    const after = await images.write([content], { pageBytes: 8192, previous: ref });
    assert.deepEqual(after, ref, 'a failure gives back what it had taken');
  } finally {
    closeSync(descriptor);
  }
});

void test('few pages are a plain stream, and nothing is nothing', async () => {
  const images = createTestImages();
  const small = await images.write([Buffer.alloc(31 * 512, 1)], { pageBytes: 512 });
  assert.equal(small.pageBytes, undefined);
  const empty = await images.write([], { pageBytes: 512 });
  assert.equal(empty.bytes, 0);
  const least = await images.write([Buffer.alloc(32 * 512, 1)], { pageBytes: 512 });
  assert.equal(least.pageBytes, 512);
});

void test('an image of other pages, or a plain stream, is no previous one', async () => {
  const images = createTestImages();
  const content = noise(randomFrom(11), 64 * 4096);
  const plain = await images.write([content.subarray(0, 100)], { pageBytes: 4096 });
  const first = await images.write([content], { pageBytes: 4096, previous: plain });
  const other = await images.write([content], { pageBytes: 1024, previous: first });
  assert.equal(other.pageBytes, 1024);
  assert.deepEqual(await images.read(other), content);
});

void test('a producer that fails leaves room for the next', async () => {
  const images = createTestImages();
  const content = noise(randomFrom(12), 64 * 512);
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield content;
    throw new Error('enough');
  };
  for (let n = 0; n < 3; n++) {
    await assert.rejects(images.write(broken(), { pageBytes: 512 }), /enough/);
  }
  const ref = await images.write([content], { pageBytes: 512 });
  assert.deepEqual(await images.read(ref), content);
});

void test('a reference that says other than its head is damage', async () => {
  const images = createTestImages();
  const ref = await images.write([noise(randomFrom(13), 64 * 512)], { pageBytes: 512 });
  for (const wrong of [
    { ...ref, bytes: ref.bytes - 1 },
    { ...ref, pageBytes: 1024 },
    { ...ref, digest: 'blake3:' },
  ]) {
    await assert.rejects(images.read(wrong), (error) => isFailure(error, 'IMAGE_DAMAGED'));
  }
  const head = readHead(await images.reader.read(ref.digest.slice(-64)));
  assert.ok(typeof head !== 'string');
  assert.ok(GROUP_BYTES > 0 && head.layers.length === 1);
});

async function mkdtempDisposable(): Promise<AsyncDisposable & { readonly path: string }> {
  const made = await mkdtemp(path.join(tmpdir(), 'stillpoint-image-'));
  return {
    path: made,
    [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }),
  };
}
