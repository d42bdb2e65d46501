// "N ticks, kill -9, resume, M ticks" is "N + M ticks": by real processes, killed at random moments, for the examples and for random
// worlds. `npm run test:soak`: each example and each of fifty worlds is killed twenty times.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeRandomWorld } from '../packages/sim/src/world/testing/random-world.ts';
import { runCommandHere, startCommand } from './fixture/command.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const kills = soak ? 20 : 2;
const worlds = soak ? 50 : 2;
const killsOfWorld = soak ? 20 : 1;
/** A run that is killed once is to have a checkpoint; of twenty kills some come before the first one of a life. */
const fewestCheckpoints = soak ? 0 : 1;

const place = mkdtempSync(path.join(tmpdir(), 'stillpoint-killed-'));
after(() => rmSync(place, { recursive: true, force: true }));

interface Event {
  readonly event: string;
  readonly tick: number;
  readonly stateHash?: string;
}

/** Runs without an end, and is killed a little after one of its next checkpoints, or after its start. Says where it had begun. */
async function runAndKill(args: readonly string[], stride: number): Promise<number> {
  const child = startCommand([...args, '--checkpoint-stride', String(stride), '--json'], {
    cwd: place,
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
  let left = fewestCheckpoints + Math.floor(Math.random() * 3);
  let began = -1;
  for await (const line of createInterface({ input: child.stdout! })) {
    // What it was saying may be half a line.
    if (child.killed) continue;
    const { event, tick } = JSON.parse(line) as Event;
    if (event === 'started') began = tick;
    else if (event === 'checkpoint:written') left -= 1;
    else continue;
    if (left === 0) void delay(Math.random() * 40).then(() => child.kill('SIGKILL'));
  }
  const [, signal] = await closed;
  assert.equal(signal, 'SIGKILL', said);
  return began;
}

async function ended(args: readonly string[]): Promise<Event> {
  const { code, stdout, stderr } = await runCommandHere([...args, '--json'], {
    cwd: place,
    configStays: true,
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Event;
}

/** The end of a run that was killed is that of one that was not; and kills came at different ticks. */
async function killAndCompare(
  t: TestContext,
  world: string,
  times: number,
  stride: number,
): Promise<void> {
  const directory = mkdtempSync(path.join(place, 'checkpoints-'));
  const own = ['run', world, '--checkpoint-dir', directory];
  const begun: number[] = [];
  for (let kill = 0; kill < times; kill += 1)
    begun.push(
      await runAndKill([...own, ...(kill === 0 ? ['--seed', 'k'] : ['--resume'])], stride),
    );
  const last = await ended([...own, '--resume', '--steps', '40']);
  begun.push(last.tick - 40);
  assert.ok(
    begun.slice(1).some((tick) => tick > 0),
    'some checkpoint was gone on from',
  );
  const straight = await ended(['run', world, '--seed', 'k', '--until', String(last.tick)]);
  assert.equal(last.stateHash, straight.stateHash);
  t.diagnostic(`resumed at ${begun.slice(1).join(', ')}; equal at ${last.tick}`);
}

const example = (name: string): string =>
  fileURLToPath(new URL(`../examples/${name}`, import.meta.url));

test('the example of particles', async (t) => {
  await killAndCompare(t, example('particles'), kills, 25);
});

test('the example of a planet', async (t) => {
  const directory = path.join(place, 'terra');
  cpSync(example('terra'), directory, { recursive: true });
  const small = '// Small.\nexport const ROWS = 64;\nexport const COLUMNS = 128;\n';
  writeFileSync(path.join(directory, 'size.ts'), small);
  await killAndCompare(t, directory, kills, 10);
});

// Most of what a life of theirs does is to start.
describe('random worlds', { concurrency: soak ? 2 : 1 }, () => {
  for (let seed = 1; seed <= worlds; seed += 1)
    test(`the random world ${seed}`, async (t) => {
      const directory = path.join(place, `world-${seed}`);
      await writeRandomWorld(seed, directory);
      await killAndCompare(t, directory, killsOfWorld, 10);
    });
});
