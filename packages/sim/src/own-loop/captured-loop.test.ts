// A loop of one's own with a lens, killed at any moment and started again, leaves the frames of one that ran through.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { directoryPlace, openLens } from '../lens/read/index.ts';

const program = fileURLToPath(new URL('testing/captured-loop-program.ts', import.meta.url));
const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const kills = soak ? 20 : 2;
const UNTIL = soak ? 3000 : 600;
const STRIDE = 3;

/** Resolves to its last line, or undefined where it was killed: at random, a little after so many checkpoints. */
async function run(directory: string, killAfter = Infinity): Promise<string | undefined> {
  const sources = '--conditions=@stillpoint/source';
  const child = spawn(process.execPath, [sources, program, directory, String(UNTIL)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let last = '';
  let durable = -1;
  let checkpoints = 0;
  for await (const line of createInterface(child.stdout)) {
    last = line;
    if (!line.startsWith('at ')) continue;
    durable = Number(line.slice(3));
    checkpoints += 1;
    if (checkpoints === killAfter) void delay(Math.random() * 20).then(() => child.kill('SIGKILL'));
  }
  const [status] = (await closed) as [number | null];
  if (status === 0) return last;
  const ticks = (await framesOf(directory)).map(([tick]) => tick);
  assert.deepEqual(ticks, ticksTo(ticks.at(-1) as number), 'without a gap');
  assert.ok(ticks.length >= Math.floor(durable / STRIDE), `all up to the checkpoint of ${durable}`);
  return undefined;
}

const ticksTo = (last: number): readonly number[] =>
  Array.from({ length: Math.floor(last / STRIDE) }, (_, at) => (at + 1) * STRIDE);

async function framesOf(directory: string): Promise<readonly (readonly unknown[])[]> {
  await using lens = await openLens(directoryPlace(path.join(directory, 'lens', 'loop')));
  const frames: unknown[][] = [];
  for await (const { tick, fields } of lens.each(['heat'])) {
    const { count, values, positions } = fields.get('heat')!;
    frames.push([tick, count, [...values], [...positions!]]);
  }
  return frames;
}

test('killed again and again, a loop of its own leaves each frame that it saw', async (t) => {
  const [straight = '', killed = ''] = ['straight', 'killed'].map((name) =>
    mkdtempSync(path.join(tmpdir(), `stillpoint-captured-${name}-`)),
  );
  t.after(() => {
    for (const one of [straight, killed]) rmSync(one, { recursive: true, force: true });
  });
  const expected = await run(straight);
  assert.match(expected!, /^0 blake3:/);
  for (let kill = 0; kill < kills; kill += 1) await run(killed, 1 + (kill % 4));
  const end = await run(killed);
  assert.equal(end, expected);
  const frames = await framesOf(killed);
  assert.deepEqual(
    frames.map(([tick]) => tick),
    ticksTo(UNTIL),
  );
  assert.deepEqual(frames, await framesOf(straight));
});
