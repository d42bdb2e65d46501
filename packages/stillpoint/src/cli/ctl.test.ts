// The command beside real runs of `stillpoint run`: what it shows, what it tells them, how it finds them.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import type { ControlStatus } from '@stillpoint/sim';
import { inProcess, LAUNCHER, type Ran } from './testing/run.ts';

const world = `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'noise',
  signals: { field: { shape: [2000] } },
  strata: {
    all: {
      step({ current, previous, random }) {
        for (let i = 0; i < 2000; i += 1) current.field[i] = previous.field[i] * 0.99 + random.float();
      },
    },
  },
});
`;

interface Place {
  readonly directory: string;
  readonly ctl: (...args: readonly string[]) => Promise<Ran>;
  /** Resolves when it says that it is started: it answers from then on. */
  start(runId: string, ...args: readonly string[]): Promise<ChildProcess>;
}

async function makePlace(t: TestContext): Promise<Place> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-ctl-')));
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const over = once(child, 'exit');
      child.kill('SIGKILL');
      await over;
    }
    await rm(directory, { recursive: true, force: true });
  });
  await writeFile(path.join(directory, 'world.ts'), world);
  return {
    directory,
    ctl: (...args) => inProcess(['ctl', ...args], { cwd: directory }),
    async start(runId, ...args) {
      const child = spawn(
        process.execPath,
        [LAUNCHER, 'run', '.', '--json', '--run-id', runId, ...args],
        { cwd: directory, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 2] },
      );
      children.push(child);
      const lines = createInterface({ input: child.stdout! });
      for await (const line of lines) if (line.includes('"started"')) break;
      child.stdout!.resume();
      return child;
    },
  };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what was asked
const json = <T>({ status, stdout, stderr }: Ran): T => {
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as T;
};

test('status, checkpoint, pause, resume, set-stride and stop of a run, by its id, its directory and latest', async (t) => {
  const it = await makePlace(t);
  const child = await it.start('one', '--checkpoint-stride', '1000000');
  const taken = json<{ tick: number; file: string }>(await it.ctl('one', 'checkpoint', '--json'));
  assert.match(await readFile(taken.file, 'latin1'), /^STPTCKPT/);
  const status = json<ControlStatus>(await it.ctl('latest', '--json'));
  assert.equal(status.runId, 'one');
  assert.deepEqual(status.checkpoints.last, { tick: taken.tick, file: taken.file });
  assert.ok(status.tick >= taken.tick);

  const place = path.join('checkpoints', 'one');
  const held = await it.ctl(place, 'pause');
  assert.match(held.stdout, /^holds still after tick \d+\n$/);
  const [first, second] = [await it.ctl('one'), await it.ctl('one')];
  assert.match(first.stdout, /^state +paused$/m);
  const tickLine = /^tick .*$/m;
  assert.equal(tickLine.exec(first.stdout)?.[0], tickLine.exec(second.stdout)?.[0]);
  assert.equal((await it.ctl('one', 'resume')).stdout, 'goes on\n');
  assert.equal((await it.ctl('one', 'resume')).stdout, 'nobody held it\n');
  json(await it.ctl('one', 'pause', '--ttl', '10m', '--json'));
  json(await it.ctl('one', 'resume', '--json'));
  assert.match((await it.ctl('one', 'set-stride', '10')).stdout, /every 10 ticks/);

  const stopped = await it.ctl('one', 'stop');
  assert.match(stopped.stdout, /^stopped after tick \d+\nits last checkpoint is .*\.ckpt\n$/);
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 0);
  const gone = await it.ctl('one');
  assert.deepEqual([gone.status, /CTL_NOT_RUNNING/.test(gone.stderr)], [10, true]);
});

test('--all shows the runs of a directory and those elsewhere; a killed one is none', async (t) => {
  const [it, other] = [await makePlace(t), await makePlace(t)];
  const one = await it.start('table-one', '--steps', '100000000');
  await it.start('table-two');
  await other.start('table-three');
  const all = await it.ctl('--all');
  assert.equal(all.status, 0, all.stderr);
  assert.match(all.stdout, /^table-one +running +\d+ of 100000000 +\d+ ticks\/s/m);
  assert.match(all.stdout, /^table-two +running +\d+ +/m);
  const idsOf = (ran: Ran) =>
    json<readonly ControlStatus[]>(ran)
      .map(({ runId }) => runId)
      .filter((runId) => runId.startsWith('table-'));
  assert.deepEqual(
    new Set(idsOf(await it.ctl('--all', '--json'))),
    new Set(['table-one', 'table-two', 'table-three']),
  );
  const far = await it.ctl('table-three', 'status', '--json');
  assert.equal(
    json<ControlStatus>(far).directory,
    path.join(other.directory, 'checkpoints', 'table-three'),
  );
  const over = once(one, 'exit');
  one.kill('SIGKILL');
  await over;
  assert.deepEqual(
    new Set(idsOf(await it.ctl('--all', '--json'))),
    new Set(['table-two', 'table-three']),
  );
});

test('what is asked wrongly is said, and no run that is not there is waited for', async (t) => {
  const it = await makePlace(t);
  const refused = async (status: number, words: RegExp, ...args: readonly string[]) => {
    const ran = await it.ctl(...args);
    assert.match(ran.stderr, words);
    assert.equal(ran.status, status, ran.stderr);
  };
  await refused(2, /Which run/);
  await refused(2, /explode/, 'one', 'explode');
  await refused(10, /CTL_NOT_RUNNING/, 'one');
  await refused(2, /duration/, 'one', 'pause', '--ttl', 'soon');
  const place = ['--checkpoint-dir', 'elsewhere'];
  await it.start('one', ...place);
  await refused(10, /CTL_NOT_RUNNING/, 'latest');
  // The second is what the option was called here first.
  for (const told of [place, ['--dir', 'elsewhere']])
    assert.equal(json<ControlStatus>(await it.ctl('latest', ...told, '--json')).runId, 'one');
  await refused(2, /cannot be used with/, 'one', ...place, '--dir', 'elsewhere');
  await refused(2, /whole number of ticks/, 'one', 'set-stride', 'many');
  await refused(2, /whole number of ticks/, 'one', 'set-stride');
});
