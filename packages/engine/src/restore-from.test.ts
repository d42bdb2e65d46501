// What a restore without a project refuses: a snapshot that says nothing of how it was configured, or too much.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { canonicalBytes, isFailure, newSnapshotId, silent, type Json } from '@stillpoint/core';
import { createCareStage, type CareStage } from './care/testing/stage.ts';
import { restoreFrom } from './restore-from.ts';

const never = new AbortController().signal;

function restore(stage: CareStage, ref: string): ReturnType<typeof restoreFrom> {
  const environment = {
    version: '0.0.0',
    binariesDirectory: path.join(stage.directory, 'binaries'),
  };
  return restoreFrom(environment, {
    vault: { place: { kind: 'directory', directory: stage.vaultDirectory } },
    ref,
    into: path.join(stage.directory, 'into'),
    signal: never,
    progress: silent,
  });
}

/** One snapshot, whose manifest the tests make others of. */
async function takeOne(t: TestContext) {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 1, bytes: 1000 } });
  await stage.snapshot();
  const { vault } = await stage.open();
  const [entry] = await vault.list();
  const manifest = JSON.parse(
    Buffer.from(await vault.readManifest(entry!)).toString('utf8'),
  ) as Readonly<Record<string, Json>>;
  return { stage, vault, manifest };
}

test('a snapshot that a program took with a configuration of its own: SNAPSHOT_WITHOUT_CONFIG', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 1, bytes: 1000 } });
  const { id } = await stage.snapshot();
  await assert.rejects(restore(stage, id), (error) => isFailure(error, 'SNAPSHOT_WITHOUT_CONFIG'));
  assert.deepEqual(await readdir(path.join(stage.directory, 'into')), []);
});

test('a configuration is never written outside of the directory, whatever a manifest calls it', async (t) => {
  const { stage, vault, manifest } = await takeOne(t);
  for (const file of ['../outside.json', '/tmp/outside.json', '..', 'a/b', '.stillpoint', '']) {
    const id = newSnapshotId();
    {
      await using session = await vault.openSession({ signal: never });
      const content = await session.sink().writeBytes(Buffer.from('{}'));
      const config = { file, content: { ...content } };
      await session.seal(id, canonicalBytes({ ...manifest, id, config }));
    }
    await assert.rejects(restore(stage, id), (error) => isFailure(error), file);
    for (const outside of [path.join(stage.directory, 'outside.json'), '/tmp/outside.json']) {
      assert.equal(existsSync(outside), false);
    }
  }
});

test('a directory that cannot be made: TARGET_UNUSABLE', async (t) => {
  const stage = await createCareStage(t);
  await writeFile(path.join(stage.directory, 'into'), 'a file');
  await assert.rejects(restore(stage, 'latest'), (error) => isFailure(error, 'TARGET_UNUSABLE'));
});

test('what is refused before the restore begins leaves no configuration behind', async (t) => {
  const { stage, vault, manifest } = await takeOne(t);
  const id = newSnapshotId();
  {
    await using session = await vault.openSession({ signal: never });
    const written = { sources: { db: { driver: 'postgres', url: { env: 'NOWHERE_SET' } } } };
    const content = await session.sink().writeBytes(Buffer.from(JSON.stringify(written)));
    const config = { file: 'stillpoint.config.json', content: { ...content } };
    const [source] = manifest['sources'] as readonly Readonly<Record<string, Json>>[];
    const sources = [{ ...source, name: 'db', driver: 'postgres-url' }];
    await session.seal(id, canonicalBytes({ ...manifest, id, config, sources }));
  }
  await assert.rejects(restore(stage, id), (error) => isFailure(error, 'SOURCE_URL_MISSING'));
  assert.deepEqual(await readdir(path.join(stage.directory, 'into')), []);
});
