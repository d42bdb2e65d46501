// A sweep from end to end: worker processes that are killed and replaced, a second command that joins, and every result there once, equal to
// that of a run that nobody disturbed.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { glob, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { newUuid } from '../packages/core/src/index.ts';
import { openDatabase } from '../packages/persistence/src/database/index.ts';
import { serverOfTests } from '../packages/persistence/src/database/testing/index.ts';
import { loadWorld, simulate } from '../packages/sim/src/index.ts';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { findMarked } from '../packages/engine/src/freeze/testing/processes.ts';
import { LAUNCHER, stillpoint, type Ran } from '../packages/stillpoint/src/cli/testing/run.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const size = soak
  ? { runs: 200, workers: 3, kills: 24, compared: 20, steps: 400 }
  : { runs: 12, workers: 2, kills: 2, compared: 3, steps: 400 };
const patienceMs = soak ? 600_000 : 60_000;

/** In the environment of a command and of what it starts. */
const MARK = 'STILLPOINT_TEST_SWEEP';

const world = `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'noise',
  parameters: { rate: { value: 1 }, start: { value: 0 } },
  signals: { field: { shape: [5000] } },
  strata: {
    all: {
      step({ current, previous, random, parameters: { rate, start }, tick }) {
        for (let i = 0; i < 5000; i += 1)
          current.field[i] = previous.field[i] * 0.99 + random.float() * rate + (tick === 1 ? start : 0);
        if (start > 90) throw new Error('too hot');
      },
    },
  },
});
`;

interface Place {
  readonly directory: string;
  readonly url: string;
  start(...args: readonly string[]): Sweeping;
  stillpoint(...args: readonly string[]): Promise<Ran>;
}

interface Sweeping {
  readonly child: ChildProcess;
  /** Its worker processes that are alive. */
  workers(): readonly number[];
  readonly ended: Promise<{
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

async function makePlace(t: TestContext): Promise<Place> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-sweep-'));
  const server = await serverOfTests('embedded-18');
  const url = await server.createDatabase();
  await writeFile(path.join(directory, 'world.ts'), world);
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
  return {
    directory,
    url,
    stillpoint: (...args) => stillpoint(args, { cwd: directory, env: { DATABASE_URL: url } }),
    start(...args) {
      const mark = newUuid();
      const child = spawn(process.execPath, [LAUNCHER, 'run', '.', ...args], {
        cwd: directory,
        env: { ...process.env, NO_COLOR: '1', DATABASE_URL: url, [MARK]: mark },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const ended = once(child, 'close').then(([status]: unknown[]) => ({
        status: status as number | null,
        stdout,
        stderr,
      }));
      const isWorker = (pid: number): boolean => commandOf(pid).includes('sweep-process');
      return { child, ended, workers: () => findMarked(MARK, mark).filter(isWorker) };
    },
  };
}

interface Shown {
  readonly sweep: string;
  readonly runs: readonly {
    readonly index: number;
    readonly state: string;
    readonly attempts: number;
    readonly tick: number | null;
    readonly stateHash: string | null;
    readonly error: string | null;
  }[];
}

async function undisturbed(place: Place, parameters: Readonly<Record<string, number>>) {
  const loaded = await loadWorld(place.directory);
  return (await simulate({ loaded, parameters, untilTick: size.steps })).stateHash;
}

const checkpointsOf = async ({ directory }: Place): Promise<number> => {
  let count = 0;
  for await (const _ of glob('checkpoints/*/checkpoint_*.ckpt', { cwd: directory })) count += 1;
  return count;
};

test(`${size.runs} runs on ${size.workers} workers with ${size.kills} kills, shared by two commands: every result once`, async (t) => {
  const place = await makePlace(t);
  const rates = Array.from({ length: size.runs }, (_, index) => 1 + index / 8);
  await writeFile(path.join(place.directory, 'params.json'), JSON.stringify({ rate: rates }));
  const args = ['--sweep', 'params.json', '--sweep-id', 'noise', '--steps', String(size.steps)];
  const cadence = ['--checkpoint-stride', '50', '--keep-checkpoints', '2'];
  const first = place.start(...args, ...cadence, '--workers', String(size.workers - 1));
  const second = place.start(...args, ...cadence, '--workers', '1', '--json');
  let seen = 0;
  for (let kill = 0; kill < size.kills; kill += 1) {
    // Somebody is in the middle of a run.
    await eventually(async () => (await checkpointsOf(place)) > seen, patienceMs, 'checkpoints');
    seen = (await checkpointsOf(place)) + 1;
    const victims = [...first.workers(), ...second.workers()];
    const victim = victims[kill % Math.max(1, victims.length)];
    if (victim !== undefined) process.kill(victim, 'SIGKILL');
  }
  const [one, two] = await Promise.all([first.ended, second.ended]);
  assert.equal(one.status, 0, one.stderr);
  assert.equal(two.status, 0, two.stderr);
  const { sweep, runs } = JSON.parse(two.stdout) as Shown;
  assert.equal(sweep, 'noise');
  assert.equal(runs.length, size.runs);
  assert.ok(runs.every(({ state, tick }) => state === 'finished' && tick === size.steps));
  assert.equal(new Set(runs.map(({ stateHash }) => stateHash)).size, size.runs);
  for (let index = 0; index < size.compared; index += 1) {
    const at = Math.floor((index * size.runs) / size.compared);
    assert.equal(runs[at]?.stateHash, await undisturbed(place, { rate: rates[at]! }));
  }
  await using database = await openDatabase({ at: place.url });
  const { rows } = await database.query<{ done: number; open: number }>(
    `SELECT count(*) FILTER (WHERE state = 'completed')::int AS done, count(*) FILTER (WHERE state <> 'completed')::int AS open
     FROM queue.job WHERE name = 'sweep/noise'`,
  );
  assert.deepEqual(rows, [{ done: size.runs, open: 0 }]);
  t.diagnostic(`${runs.reduce((sum, { attempts }) => sum + attempts, 0)} attempts`);

  const again = await place.stillpoint('run', '.', ...args, '--json');
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(
    (JSON.parse(again.stdout) as Shown).runs.map(({ stateHash }) => stateHash),
    runs.map(({ stateHash }) => stateHash),
    'a sweep that is done is only shown',
  );
  const other = await place.stillpoint('run', '.', ...args.slice(0, -1), '7');
  assert.match(other.stderr, /SWEEP_DIFFERS/);
});

test('a command that is killed leaves no worker behind; started again the sweep goes on; a run that fails is said to', async (t) => {
  const place = await makePlace(t);
  const list = [{ rate: 1 }, { rate: 2 }, { rate: 3, start: 91 }, { rate: 4 }];
  await writeFile(path.join(place.directory, 'params.json'), JSON.stringify(list));
  const args = ['--sweep', 'params.json', '--sweep-id', 'killed', '--steps', '2000'];
  const cadence = ['--checkpoint-stride', '50', '--workers', '2'];
  const first = place.start(...args, ...cadence);
  await eventually(async () => (await checkpointsOf(place)) > 1, patienceMs, 'checkpoints');
  const workers = first.workers();
  assert.ok(workers.length > 0);
  first.child.kill('SIGKILL');
  await first.ended;
  await eventually(() => workers.every((pid) => !isThere(pid)), patienceMs, 'workers end');
  const second = await place.stillpoint('run', '.', ...args, ...cadence);
  assert.equal(second.status, 1, second.stderr);
  assert.match(second.stderr, /SWEEP_INCOMPLETE/);
  const status = ['run', '.', '--sweep-status', '--sweep-id'];
  const shown = await place.stillpoint(...status, 'killed', '--json');
  const { runs } = JSON.parse(shown.stdout) as Shown;
  assert.deepEqual(
    runs.map(({ state }) => state),
    ['finished', 'finished', 'failed', 'finished'],
  );
  assert.match(runs[2]?.error ?? '', /too hot/);
  assert.match((await place.stillpoint(...status, 'killed')).stdout, /failed.*too hot/);
  assert.match((await place.stillpoint(...status, 'nothing')).stderr, /SWEEP_UNKNOWN/);
});

test('what cannot be a sweep is refused before anything is made', async (t) => {
  const place = await makePlace(t);
  await writeFile(path.join(place.directory, 'params.json'), '{"rate": 1}');
  const refused = async (words: RegExp, ...args: readonly string[]): Promise<void> => {
    const { status, stderr } = await place.stillpoint('run', '.', ...args);
    assert.match(stderr, words);
    assert.equal(status, 2);
  };
  await refused(
    /SWEEP_PARAMETERS_INVALID.*rate has no list|rate has no list/s,
    '--sweep',
    'params.json',
    '--steps',
    '1',
  );
  await refused(/--steps or --until/, '--sweep', 'params.json');
  await refused(/have their ids/, '--sweep', 'params.json', '--steps', '1', '--run-id', 'x');
  await refused(/belong to --sweep/, '--steps', '1', '--workers', '2');
  await refused(/Which sweep/, '--sweep-status');
  await writeFile(path.join(place.directory, 'params.json'), '[{}]');
  await refused(/no id of a sweep/, '--sweep', 'params.json', '--steps', '1', '--sweep-id', '../x');
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
