// Manifests that nobody wrote: sealed right, and wrong within, as whoever may write to a vault that is not encrypted can make them. What is
// read is a snapshot or an error of the catalogue; so is what is reached from it; and nothing takes long.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { referencesOf } from '../packages/engine/src/compose-sources.ts';
import { signLockfile } from '../packages/engine/src/snapshot/lockfile.ts';
import { parseManifest, type Manifest } from '../packages/engine/src/snapshot/manifest.ts';
import { createDirectoryStore, openVault, type Vault } from '../packages/engine/src/vault/index.ts';
import { createProject } from './fixture/project.ts';
import { mutateJson } from './fixture/mutate-json.ts';
import { randomOf, type Random } from './fixture/random.ts';

const times = process.env['STILLPOINT_SOAK'] === undefined ? 1500 : 30_000;

function bytesOf(value: unknown): Uint8Array {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? Number(inner) : inner,
  );
  return Buffer.from(text ?? 'null');
}

/** Half of them with a lockfile that is signed right, so that what is behind it is looked at too. */
function mutated(manifest: Manifest, random: Random): Uint8Array {
  const changed = mutateJson(JSON.parse(JSON.stringify(manifest)), random);
  if (random.chance(2) || typeof changed !== 'object' || changed === null) return bytesOf(changed);
  try {
    const plain = JSON.parse(Buffer.from(bytesOf(changed)).toString()) as Manifest;
    return bytesOf({ ...plain, id: manifest.id, lockfile: signLockfile(plain.lockfile) });
  } catch {
    return bytesOf(changed);
  }
}

/** Reads what the manifest leads to. */
async function follow(vault: Vault, { id, config, sources }: Manifest): Promise<void> {
  if (config !== null) await vault.readBytes(config.content);
  for (const { driver, record } of sources) {
    for await (const ref of referencesOf(driver, record, vault, id)) {
      for await (const _digest of vault.chunksOf(ref)) continue;
    }
  }
}

test(`${times} wrong manifests: a snapshot or an error of the catalogue, and so is all that they name`, async () => {
  await using project = await createProject({
    extensions: [],
    database: false,
    config: {
      sources: {
        shop: { driver: 'sqlite', file: 'data/shop.db' },
        uploads: { driver: 'files', path: 'uploads' },
      },
    },
  });
  await mkdir(path.join(project.directory, 'uploads'));
  await writeFile(path.join(project.directory, 'uploads', 'one.txt'), 'one');
  await mkdir(path.join(project.directory, 'data'));
  const database = new DatabaseSync(path.join(project.directory, 'data', 'shop.db'));
  database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
  database.close();
  await project.stillpoint(['snapshot']);
  const place = path.join(project.directory, '.stillpoint', 'vault');
  await using vault = await openVault(createDirectoryStore(place));
  const [entry] = await vault.list();
  const manifest = parseManifest(entry!.id, await vault.readManifest(entry!));
  await follow(vault, manifest);

  let read = 0;
  for (let seed = 0; seed < times; seed++) {
    const bytes = mutated(manifest, randomOf(seed));
    try {
      await follow(vault, parseManifest(manifest.id, bytes));
      read++;
    } catch (error) {
      assert.ok(isFailure(error), `seed ${seed}: ${(error as Error).stack}`);
    }
  }
  assert.ok(read > 0 && read < times);
});
