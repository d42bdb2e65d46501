// Real processes, really killed: whatever a writer was doing, the vault is what it was before or holds the new snapshot whole.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StreamRef } from '../sources/contract.ts';
import { createDirectoryStore } from './stores/directory.ts';
import { never, noise, randomFrom, refsOf, smallKey, smallTuning } from './test-streams.ts';
import { openVault } from './vault.ts';

const program = fileURLToPath(new URL('writer-process.ts', import.meta.url));
const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];

interface End {
  readonly signal: string | null;
  readonly code: number | null;
  readonly output: string;
}

async function run(...args: readonly string[]): Promise<End> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...flags, program, ...args],
      (error, stdout, stderr) => {
        if (error !== null && child.signalCode === null) process.stderr.write(stderr);
        resolve({ signal: child.signalCode, code: child.exitCode, output: stdout });
      },
    );
  });
}

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-crash-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

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

test('killed before and after every call of the store: no half snapshot, none lost', async (t) => {
  const directory = await scratch(t);
  // The calls of a first snapshot (which also makes the vault) and of a later one differ: both are gone through.
  const first = await run(path.join(directory, 'count'), '1');
  const later = await run(path.join(directory, 'count'), '2');
  let cases = 0;
  const kill = async (vault: string, seed: number, call: number, phase: string): Promise<void> => {
    const end = await run(vault, String(seed), String(call), phase);
    if (end.signal === 'SIGKILL') cases++;
    else assert.equal(end.code, 0, 'only a run with fewer calls ends by itself');
  };

  const killFirst = async (call: number): Promise<void> => {
    for (const phase of ['before', 'after']) {
      const vault = path.join(directory, `first-${call}-${phase}`);
      await kill(vault, call, call, phase);
      const next = await run(vault, '1000');
      assert.equal(next.code, 0, `the next session after call ${call} ${phase}`);
      assert.ok((await assertAllWhole(vault)) >= 1);
    }
  };
  const killLater = async (): Promise<void> => {
    const vault = path.join(directory, 'later');
    await run(vault, '0');
    let whole = await assertAllWhole(vault);
    for (let call = 1; call <= Number(later.output); call++) {
      for (const phase of ['before', 'after']) {
        await kill(vault, 10 * call + phase.length, call, phase);
        const now = await assertAllWhole(vault);
        assert.ok(now === whole || now === whole + 1);
        whole = now;
      }
    }
    assert.equal((await run(vault, '2000')).code, 0);
    assert.equal(await assertAllWhole(vault), whole + 1);
  };

  const lane = async (start: number): Promise<void> => {
    for (let call = start; call <= Number(first.output); call += 4) await killFirst(call);
  };
  await Promise.all([killLater(), lane(1)]);
  t.diagnostic(`${cases} kills`);
  assert.ok(cases >= 2 * Number(later.output) - 4);
});

test('two processes writing at the same time are both whole', async (t) => {
  const directory = path.join(await scratch(t), 'vault');
  for (let round = 0; round < 3; round++) {
    const seeds = [0, 1].map((n) => String(100 + 2 * round + n));
    const ends = await Promise.all(seeds.map((seed) => run(directory, seed)));
    assert.deepEqual(
      ends.map(({ code }) => code),
      [0, 0],
    );
  }
  assert.equal(await assertAllWhole(directory), 6);
});
