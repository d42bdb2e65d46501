// A run in snapshots of the whole command: taken while it goes on beside an application's database, restored in place and elsewhere; and what
// is restored goes on to the very state of a run that nobody stopped.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { StateDiff } from '@stillpoint/engine';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { loadWorld, simulate } from '../packages/sim/src/index.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';
import { startRun } from './fixture/run.ts';

const patienceMs = 60_000;
const cadence = ['--checkpoint-stride', '200', '--keep-checkpoints', '3'];

const world = `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'noise',
  signals: { field: { shape: [20000] } },
  strata: {
    all: {
      step({ current, previous, random }) {
        for (let i = 0; i < 20000; i += 1) current.field[i] = previous.field[i] * 0.99 + random.float();
      },
    },
  },
});
`;

async function makeProject(): Promise<Project> {
  const project = await createProject({
    extensions: [],
    config: {
      sources: {
        shop: { driver: 'sqlite', file: 'data/shop.db' },
        simulation: { driver: 'run' },
      },
      freeze: { budget: '20s' },
    },
  });
  const at = (...parts: readonly string[]) => path.join(project.directory, ...parts);
  await mkdir(at('data'), { recursive: true });
  await mkdir(at('worlds', 'noise'), { recursive: true });
  await writeFile(at('worlds', 'noise', 'world.ts'), world);
  using database = new DatabaseSync(at('data', 'shop.db'));
  database.exec('PRAGMA journal_mode = wal; CREATE TABLE count (n); INSERT INTO count VALUES (1)');
  return project;
}

interface Status {
  readonly tick: number;
  readonly paused: boolean;
}

const checkpointsIn = async (directory: string): Promise<readonly string[]> => {
  const names = await readdir(path.join(directory, 'checkpoints', 'noise-1')).catch(() => []);
  return names.filter((name) => name.endsWith('.ckpt')).toSorted();
};

async function straight(project: Project, tick: number): Promise<string> {
  const loaded = await loadWorld(path.join(project.directory, 'worlds', 'noise'));
  return (await simulate({ loaded, untilTick: tick })).stateHash;
}

test('a snapshot of a run that goes on comes back in place and elsewhere, and goes on to the state of the straight run', async () => {
  await using project = await makeProject();
  const { directory } = project;
  const shop = path.join(directory, 'data', 'shop.db');
  const elsewhere = `${directory}-elsewhere`;
  await using running = startRun(directory, 'worlds/noise', '--run-id', 'noise-1', ...cadence);
  const ctl = async (...args: readonly string[]) =>
    await project.json<Status>(['ctl', 'noise-1', ...args]);
  await eventually(
    async () => (await checkpointsIn(directory)).length > 1,
    patienceMs,
    'the run writes checkpoints',
  );
  const { id } = await project.json<{ id: string }>(['snapshot', '--name', 'living']);
  const after = await ctl('status');
  assert.equal(after.paused, false, 'the freeze let it go');
  const shown = await project.json<Shown>(['show', 'living']);
  const source = shown.sources.find(({ name }) => name === 'simulation');
  assert.deepEqual([source?.driver, source?.strategy], ['run', 'mark']);
  assert.match((await project.stillpoint(['doctor'])).stdout, /simulation +run, strategy mark/);

  const refused = await project.stillpoint(['restore', 'living', '--yes'], { exit: 11 });
  assert.match(refused.stderr, /RUN_IS_RUNNING/);
  assert.ok((await ctl('status')).tick > after.tick, 'it was not disturbed');

  write(shop, 2);
  await ctl('stop');
  await running.ended();
  const { sources } = await project.json<StateDiff>(['diff', 'living']);
  const [run, ...more] = sources.find(({ name }) => name === 'simulation')?.runs ?? [];
  assert.ok(run?.run === 'noise-1' && run.tick.from < run.tick.to && more.length === 0);
  const field = run.changes?.arrays.find(({ name }) => name === 'current/field')?.values;
  assert.deepEqual([run.changes?.facts, field?.elements], [[], 20_000]);
  const { stdout } = await project.stillpoint(['diff', 'living']);
  assert.match(stdout, /run noise-1: tick \d+ → \d+, .*\n    ~ field: 20000 of 20000, at most by /);
  const before = await checkpointsIn(directory);
  await project.stillpoint(['restore', 'living', '--yes']);
  assert.equal(read(shop), 1);
  const [only, ...others] = await checkpointsIn(directory);
  assert.deepEqual(others, []);
  const tick = Number(/\d+/.exec(only ?? '')?.[0]);
  const expected = await straight(project, tick + 500);
  const resume = ['--resume', '--steps', '500'];
  {
    await using resumed = startRun(directory, 'worlds/noise', ...resume);
    const { tick: end, stateHash } = await resumed.ended();
    assert.deepEqual([end, stateHash], [tick + 500, expected]);
  }
  await project.stillpoint(['undo', '--yes']);
  assert.deepEqual(await checkpointsIn(directory), before);
  assert.equal(read(shop), 2);

  await project.stillpoint(['restore', id, '--into', elsewhere]);
  await using copy = openProject(elsewhere);
  assert.deepEqual(await checkpointsIn(copy.directory), [only]);
  await using resumed = startRun(elsewhere, 'worlds/noise', ...resume);
  assert.equal((await resumed.ended()).stateHash, expected);
});

test('what a killed run left deceives nobody; one that a person paused stays so', async () => {
  await using project = await makeProject();
  const { directory } = project;
  await using running = startRun(directory, 'worlds/noise', '--run-id', 'noise-1', ...cadence);
  await eventually(
    async () => (await checkpointsIn(directory)).length > 1,
    patienceMs,
    'the run writes checkpoints',
  );
  const { tick } = await project.json<Status>(['ctl', 'noise-1', 'pause']);
  await project.stillpoint(['snapshot', '--name', 'paused']);
  const status = await project.json<Status>(['ctl', 'noise-1', 'status']);
  assert.deepEqual([status.paused, status.tick], [true, tick]);
  running.child.kill('SIGKILL');
  await once(running.child, 'close');
  // Its newest checkpoint is its state now: what is left of its sockets deceives nobody.
  await project.stillpoint(['ctl', 'noise-1'], { exit: 10 });
  await project.stillpoint(['snapshot', '--name', 'killed']);
  await project.stillpoint(['restore', 'paused', '--yes']);
  const [only] = await checkpointsIn(directory);
  assert.equal(Number(/\d+/.exec(only ?? '')?.[0]), tick);
});

interface Shown {
  readonly sources: readonly {
    readonly name: string;
    readonly driver: string;
    readonly strategy: string;
  }[];
}

function write(file: string, n: number): void {
  using database = new DatabaseSync(file, { timeout: patienceMs });
  database.exec(`UPDATE count SET n = ${n}`);
}

function read(file: string): number {
  using database = new DatabaseSync(file, { timeout: patienceMs });
  return Number(database.prepare('SELECT n FROM count').get()?.['n']);
}
