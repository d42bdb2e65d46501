// A loop that is killed at any moment and started again ends in the state of one that ran through.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('testing/loop-program.ts', import.meta.url));
const UNTIL = 400;

/** Resolves to what it said; killed as soon as it has said that so many checkpoints are durable. */
async function run(directory: string, killAfter = Infinity): Promise<readonly string[]> {
  const sources = '--conditions=@stillpoint/source';
  const child = spawn(process.execPath, [sources, program, directory, String(UNTIL)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.filter((one) => one.startsWith('at ')).length >= killAfter) child.kill('SIGKILL');
  }
  const [status] = (await closed) as [number | null];
  if (killAfter === Infinity) assert.equal(status, 0);
  return lines;
}

test('killed again and again, a loop ends as if it had run through', async (t) => {
  const directories = ['straight', 'killed'].map((name) =>
    mkdtempSync(path.join(tmpdir(), `stillpoint-own-${name}-`)),
  );
  t.after(async () => {
    for (const one of directories) await rm(one, { recursive: true, force: true });
  });
  const [straight = '', killed = ''] = directories;
  const expected = (await run(straight)).at(-1);
  assert.match(expected ?? '', /^blake3:/);
  const starts: number[] = [];
  for (const after of [1, 2, 1, Infinity]) {
    const lines = await run(killed, after);
    starts.push(Number(lines[0]?.replace('from ', '')));
    if (after === Infinity) assert.equal(lines.at(-1), expected);
  }
  assert.equal(starts[0], 0);
  assert.ok(starts[3]! > 0, `it never went on from a checkpoint: ${starts.join(', ')}`);
  assert.deepEqual(
    starts,
    starts.toSorted((a, b) => a - b),
  );
});
