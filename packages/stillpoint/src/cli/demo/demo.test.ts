import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { inProcess, stillpoint } from '../testing/run.ts';

interface Outcome {
  readonly ok: boolean;
  readonly freezeMs: number;
  readonly comparisons: readonly {
    readonly what: string;
    readonly captured: string;
    readonly broken: string;
    readonly equal: boolean;
  }[];
}

test('the demonstration proves equality and leaves nothing behind', async (t) => {
  const cwd = await mkdtemp(path.join(tmpdir(), 'stillpoint-demo-test-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const ran = await stillpoint(['demo', '--json', '--directory', 'here'], { cwd });
  assert.equal(ran.status, 0, ran.stderr);
  const outcome = JSON.parse(ran.stdout) as Outcome;
  assert.equal(outcome.ok, true);
  assert.ok(outcome.freezeMs > 0);
  assert.ok(outcome.comparisons.length >= 12);
  assert.ok(outcome.comparisons.every((entry) => entry.equal));
  const broken = outcome.comparisons.filter((entry) => entry.broken !== entry.captured);
  assert.ok(broken.length >= 8, 'the agent did break things');
  assert.deepEqual(await readdir(cwd), []);
});

test('it does not build over what is there', async () => {
  const ran = await inProcess(['demo', '--json', '--directory', '.'], { cwd: import.meta.dirname });
  assert.match(ran.stderr, /TARGET_NOT_EMPTY/);
  assert.equal(ran.status, 2);
});
