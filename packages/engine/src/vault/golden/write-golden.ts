// Writes a golden vault: run once when a format is made, and never again for that format.
//   node packages/engine/src/vault/golden/write-golden.ts none|PASSPHRASE FILE
// Small sizes, so that a few kilobytes have every shape: lists of lists of lists, raw and compressed chunks, an image with layers.
import { writeFile } from 'node:fs/promises';
import { canonicalJson, digestOf, type Digest, type SnapshotId } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { createKeyring } from '../crypto/keyring.ts';
import { unlock } from '../crypto/key-slots.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, noise, randomFrom, smallTuning } from '../test-streams.ts';
import { createVault } from '../vault.ts';

export interface Golden {
  readonly vault: string;
  /** Each opens it; none: it is not encrypted. */
  readonly passphrases: readonly string[];
  readonly streams: readonly { readonly ref: StreamRef; readonly content: Digest }[];
  /** Snapshot to manifest. */
  readonly manifests: Readonly<Record<string, string>>;
  readonly held: string;
  /** Key to base64. */
  readonly objects: Readonly<Record<string, string>>;
}

export async function writeGolden(passphrase: string | undefined): Promise<Golden> {
  const store = createMemoryStore();
  const cost = { n: 1024, r: 8, p: 1 };
  const bytes = Buffer.from(passphrase ?? '');
  const encryption = passphrase === undefined ? 'none' : { passphrase: bytes, cost };
  const tuning = { ...smallTuning, chunkBytes: 256, packBytes: 3000, packsPerIndex: 2 };
  await using vault = await createVault(store, { encryption, tuning });
  const passphrases = passphrase === undefined ? [] : [passphrase, `the second of ${passphrase}`];
  if (passphrase !== undefined) {
    const { keys, slot } = await unlock(store, vault.id, bytes);
    const keyring = createKeyring(store, { vault: vault.id, keys, opened: slot, cost });
    const second = Buffer.from(passphrases[1] ?? '');
    await keyring.add({ passphrase: second, label: 'second', at: new Date() });
  }

  const image = noise(randomFrom(3), 40 * 512 - 100);
  image.fill(0, 512, 3 * 512);
  const changed = Buffer.from(image);
  changed.fill('changed', 5 * 512, 6 * 512);
  const contents = [
    Buffer.alloc(0),
    Buffer.from('golden vault, 1'),
    noise(randomFrom(4), 700),
    Buffer.alloc(600, 'what is alike compresses. '),
    noise(randomFrom(2), 6000),
  ];
  const streams: { readonly ref: StreamRef; readonly content: Digest }[] = [];
  const manifests: Record<string, string> = {};
  const ids = ['a1b2c3d4e5f6', '0123456789ab'] as SnapshotId[];
  for (const [n, id] of ids.entries()) {
    await using session = await vault.openSession(never);
    const sink = session.sink();
    const previous = streams.at(-1)?.ref;
    for (const content of n === 0 ? contents : []) {
      streams.push({ ref: await sink.writeBytes(content), content: digestOf(content) });
    }
    const pages = n === 0 ? image : changed;
    const hints = { pageBytes: 512, ...(previous === undefined ? {} : { previous }) };
    streams.push({ ref: await sink.writeStream([pages], hints), content: digestOf(pages) });
    manifests[id] = canonicalJson({ id, streams: streams.map(({ ref }) => ref) });
    const entry = await session.seal(id, Buffer.from(manifests[id]));
    if (n === 0) await vault.hold(entry, new Date());
  }

  const objects: Record<string, string> = {};
  for await (const { key } of store.list('')) {
    objects[key] = Buffer.from(await store.get(key)).toString('base64');
  }
  return { vault: vault.id, passphrases, streams, manifests, held: ids[0] ?? '', objects };
}

/** Where a stream is cut is another matter in each vault. */
function hasEveryShape({ streams }: Golden): boolean {
  const depths = streams.map(({ ref }) => ref.depth);
  return depths.includes(1) && Math.max(...depths) >= 3;
}

if (import.meta.main) {
  const [passphrase = '', file = ''] = process.argv.slice(2);
  let golden: Golden;
  do golden = await writeGolden(passphrase === 'none' ? undefined : passphrase);
  while (!hasEveryShape(golden));
  await writeFile(file, `${JSON.stringify(golden, undefined, 1)}\n`);
}
