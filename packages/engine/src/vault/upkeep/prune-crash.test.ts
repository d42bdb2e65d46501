// Real processes, really killed while they forget and prune, in front of and behind each call of the store: all other snapshots are
// whole, the next run succeeds, and in the end no garbage is left.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDirectoryStore } from '../stores/directory.ts';
import { never, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import { assertAllWhole, keysIn, prune, seal, snapshot } from './testing/snapshots.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const program = fileURLToPath(new URL('testing/prune-process.ts', import.meta.url));
const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];
/** Calls of which a sample is killed in `npm test`; all of them in the soak. */
const SAMPLE = 4;

async function run(...args: readonly string[]): Promise<{ killed: boolean; output: string }> {
  return await new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [...flags, program, ...args], (error, stdout) => {
      const killed = child.signalCode === 'SIGKILL';
      if (error !== null && !killed) reject(error);
      else resolve({ killed, output: stdout });
    });
  });
}

/** Three snapshots; when the first is forgotten, some packs are garbage, some hold what the others need. Resolves to the first. */
async function makeVault(directory: string): Promise<string> {
  await using vault = await createVault(createDirectoryStore(directory), { tuning: smallTuning });
  const { entry, parts } = await snapshot(vault, [1, 2, 3]);
  await using session = await vault.openSession(never);
  await seal(session, parts.slice(1));
  await snapshot(vault, [3, 4]);
  return entry.id;
}

async function endsWell(directory: string, forgotten: string): Promise<void> {
  const store = createDirectoryStore(directory);
  const whole = await assertAllWhole(store);
  assert.ok(whole === 2 || whole === 3);
  await using vault = await openVault(store, { tuning: smallTuning });
  const entry = (await vault.list()).find(({ id }) => id === forgotten);
  if (entry !== undefined) await vault.forget(entry);
  const { sessions } = await prune(vault, { repackShare: 0 });
  assert.deepEqual(sessions, [], 'the session of the dead process is ended');
  assert.equal(await assertAllWhole(store), 2);
  assert.equal((await prune(vault, { dryRun: true, repackShare: 0 })).deletedPacks, 0, 'garbage');
  for (const prefix of ['prune/', 'sessions/']) assert.deepEqual(await keysIn(store, prefix), []);
}

test('killed before and after each call of forget and prune: nothing is lost, garbage goes', async (t) => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-prune-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const original = path.join(directory, 'original');
  const forgotten = await makeVault(original);
  const copyOf = async (name: string): Promise<string> => {
    const copy = path.join(directory, name);
    await cp(original, copy, { recursive: true });
    return copy;
  };
  const calls = Number((await run(await copyOf('count'), forgotten)).output);
  const step = soak ? 1 : Math.ceil(calls / SAMPLE);
  let kills = 0;
  for (let call = step; call <= calls; call += step) {
    for (const phase of ['before', 'after']) {
      const vault = await copyOf(`${call}-${phase}`);
      const { killed } = await run(vault, forgotten, String(call), phase);
      if (killed) kills++;
      await endsWell(vault, forgotten);
      await rm(vault, { recursive: true });
    }
  }
  t.diagnostic(`${kills} kills at ${calls} calls`);
  assert.ok(kills >= 2 * (Math.floor(calls / step) - 2), `${kills} kills at ${calls} calls`);
});
