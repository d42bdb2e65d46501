// A process that dies at any moment leaves nothing torn: what has the name of a checkpoint verifies, `latest` too, and the run goes on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newestThatVerifies } from '../directory/index.ts';
import { openCheckpoint } from './index.ts';
import { fillByTick, writtenShapes } from './testing/by-tick.ts';
import { randomFrom, stateOf } from './testing/states.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const KILLS = soak ? 100 : 5;
const NUMBERS = 100_000;
const program = fileURLToPath(new URL('testing/writing-process.ts', import.meta.url));

/** Kills it some moment after the line that was drawn. */
async function writeAndDie(
  directory: string,
  firstTick: number,
  random: () => number,
): Promise<void> {
  const args = [...process.execArgv, program, directory, 'a', String(NUMBERS), String(firstTick)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let left = 3 + (random() % 6);
  for await (const line of createInterface({ input: child.stdout })) {
    assert.doesNotMatch(line, /^failed/);
    left -= 1;
    if (left === 0) break;
  }
  // The moment is what is drawn; nothing is waited for.
  await setTimeout(random() % 30);
  child.kill('SIGKILL');
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
}

test(`killed ${KILLS} times while it writes`, async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-crash-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const random = randomFrom(23);
  const runPath = path.join(directory, 'a');
  let tick = 0;
  for (let count = 0; count < KILLS; count += 1) {
    await writeAndDie(directory, tick + 1, random);
    for (const name of await readdir(runPath)) {
      if (!name.endsWith('.ckpt')) continue;
      await using checkpoint = await openCheckpoint(path.join(runPath, name));
      await checkpoint.verify();
      const state = stateOf(writtenShapes(NUMBERS));
      fillByTick(state, checkpoint.facts.tick);
      for (const { name } of state.sections)
        assert.equal(Buffer.compare(await checkpoint.read(name), state.bytes(name)), 0);
    }
    await using latest = await openCheckpoint(await realpath(path.join(runPath, 'latest')));
    await latest.verify();
    const newest = await newestThatVerifies(runPath);
    assert.deepEqual(newest.skipped, []);
    assert.ok(newest.tick > tick && newest.tick >= latest.facts.tick);
    tick = newest.tick;
  }
});
