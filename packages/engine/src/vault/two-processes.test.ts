// Two real processes that write into one vault at the same time. How they die is in care/fault-matrix.test.ts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { StreamRef } from '../sources/contract.ts';
import { createDirectoryStore } from './stores/directory.ts';
import { never, noise, randomFrom, refsOf, smallKey, smallTuning } from './test-streams.ts';
import { openVault } from './vault.ts';

const program = fileURLToPath(new URL('writer-process.ts', import.meta.url));
const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];

/** Every listed snapshot is whole, deep and to the byte; resolves to how many there are. */
async function assertAllWhole(directory: string): Promise<number> {
  const { passphrase } = smallKey;
  const options = { passphrase, tuning: smallTuning };
  await using vault = await openVault(createDirectoryStore(directory), options);
  const entries = await vault.list();
  for (const entry of entries) {
    const manifest = Buffer.from(await vault.readManifest(entry)).toString();
    const refs = JSON.parse(manifest) as [StreamRef, StreamRef];
    const { damages } = await vault.verify(refsOf(...refs), { ...never, deep: true });
    assert.deepEqual(damages, []);
    const expected = noise(randomFrom(0), 30_000);
    assert.equal(Buffer.compare(await vault.readBytes(refs[0]), expected), 0);
  }
  return entries.length;
}

test('two processes writing at the same time are both whole', async (t) => {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-two-'));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  const directory = path.join(scratch, 'vault');
  for (let round = 0; round < 3; round++) {
    const seeds = [0, 1].map((n) => String(100 + 2 * round + n));
    const run = promisify(execFile);
    await Promise.all(
      seeds.map((seed) => run(process.execPath, [...flags, program, directory, seed])),
    );
  }
  assert.equal(await assertAllWhole(directory), 6);
});
