import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCheckpointer } from '@stillpoint/sim';
import { inProcess, type HostOptions, type Ran } from './testing/run.ts';

interface Place {
  readonly cwd: string;
  readonly run: (args: string, more?: Partial<HostOptions>) => Promise<Ran>;
}

/** Two runs of a loop of three arrays: `one` at ticks 1 to 4, `two` at tick 4 with another value. */
async function placeOf(t: TestContext): Promise<Place> {
  const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), 'stillpoint-checkpoint-')));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const directory = path.join(cwd, 'checkpoints');
  const x = new Float64Array(100);
  const arrays = { x, grid: new Float32Array(4), same: new Uint8Array([1, 2]) };
  for (const [runId, ticks] of [
    ['one', [1, 2, 3, 4]],
    ['two', [4]],
  ] as const) {
    const parameters = { gravity: 9.81 };
    await using loop = await createCheckpointer({
      directory,
      runId,
      name: 'marbles',
      parameters,
      state: () => ({ arrays }),
    });
    for (const tick of ticks) {
      x.fill(tick);
      if (runId === 'two') x[7] = 4.5;
      await loop.checkpoint(tick);
    }
  }
  return { cwd, run: (args, more) => inProcess(args.split(' '), { cwd, ...more }) };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it reads
function document<T>(ran: Ran): T {
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
}

function problem(ran: Ran): { code: string; exitCode: number } {
  return (JSON.parse(ran.stderr) as { error: { code: string; exitCode: number } }).error;
}

test('list shows runs with what they keep, and of one run its checkpoints', async (t) => {
  const { run, cwd } = await placeOf(t);
  const runs = await run('checkpoint list');
  assert.equal(runs.status, 0, runs.stderr);
  assert.match(runs.stdout, /^RUN +WORLD +STATE +TICK +KEPT +SIZE/);
  assert.match(runs.stdout, /^one +marbles +stopped +4 +4 /m);
  const listed = document<{ runId: string; checkpoints: { file: string }[] }[]>(
    await run('checkpoint list --json'),
  );
  assert.deepEqual(
    listed.map(({ runId, checkpoints }) => [runId, checkpoints.length]),
    [
      ['one', 4],
      ['two', 1],
    ],
  );
  const one = await run('checkpoint list one');
  assert.match(one.stdout, /checkpoint_0000000004\.ckpt/);
  const none = await run('checkpoint list --checkpoint-dir absent', { cwd });
  assert.deepEqual([none.status, none.stdout], [0, '']);
  assert.match(none.stderr, /There is no run in /);
  const unknown = await run('checkpoint list three --json');
  assert.deepEqual([unknown.status, problem(unknown).code], [10, 'RUN_UNKNOWN']);
});

test('inspect shows facts and the numbers of each array', async (t) => {
  const { run } = await placeOf(t);
  const shown = await run('checkpoint inspect two');
  assert.match(shown.stdout, /^two at tick 4\n/);
  assert.match(shown.stdout, /parameters +gravity=9\.81/);
  assert.match(shown.stdout, /^current\/x +f64 +100 .* 4 +4\.5 +4\.005$/m);
  const seen = document<{ facts: { tick: number }; sections: { numbers: unknown }[] }>(
    await run('checkpoint inspect one@2 --no-numbers --json'),
  );
  assert.equal(seen.facts.tick, 2);
  assert.ok(seen.sections.every(({ numbers }) => numbers === null));
});

test('diff says what differs, and its status only when asked', async (t) => {
  const { run } = await placeOf(t);
  const diff = await run('checkpoint diff one two');
  assert.equal(diff.status, 0, diff.stderr);
  assert.match(diff.stdout, /^one@4 → two@4\n/);
  assert.match(diff.stdout, /^current\/x +1 of 100 +7 +0\.5 +0\.111111$/m);
  assert.match(diff.stdout, /2 arrays are equal\./);
  assert.equal((await run('checkpoint diff one two --exit-code')).status, 1);
  const equal = await run('checkpoint diff one one@4 --exit-code');
  assert.deepEqual([equal.status, equal.stdout], [0, 'one@4 and one@4 are equal: 3 arrays.\n']);
  const ticks = document<{ facts: unknown[] }>(await run('checkpoint diff one@1 one@2 --json'));
  assert.deepEqual(ticks.facts, [{ name: 'tick', from: 1, to: 2 }]);
});

test('verify reads all, and names what is damaged', async (t) => {
  const { run, cwd } = await placeOf(t);
  const whole = await run('checkpoint verify');
  assert.equal(whole.status, 0, whole.stderr);
  assert.equal(whole.stdout.match(/ whole /g)?.length, 5);
  const name = 'checkpoints/one/checkpoint_0000000002.ckpt';
  const bytes = readFileSync(path.join(cwd, name));
  bytes[150] = bytes[150]! ^ 8;
  writeFileSync(path.join(cwd, name), bytes);
  const damaged = await run(`checkpoint verify one ${name}`);
  assert.equal(damaged.status, 13);
  assert.match(damaged.stdout, /checkpoint_0000000002\.ckpt {2}damaged/);
  assert.match(damaged.stderr, /CKPT_SOME_DAMAGED/);
  const one = await run('checkpoint verify one@3 two');
  assert.equal(one.status, 0, one.stderr);
});

test('prune shows, asks, and deletes what was shown', async (t) => {
  const { run, cwd } = await placeOf(t);
  const ticksOf = async (): Promise<readonly number[]> =>
    document<{ checkpoints: { tick: number }[] }>(
      await run('checkpoint list one --json'),
    ).checkpoints.map(({ tick }) => tick);
  const dry = await run('checkpoint prune one --keep 2 --dry-run');
  assert.match(dry.stdout, /^Deleting 2 checkpoints of one, /);
  assert.match(dry.stdout, /2 stay\./);
  const alone = await run('checkpoint prune one --keep 2 --json');
  assert.deepEqual([alone.status, problem(alone).code], [2, 'CKPT_PRUNE_NEEDS_YES']);
  const refused = await run('checkpoint prune one --keep 2', { answer: 'n' });
  assert.match(refused.stderr, /NOT_CONFIRMED/);
  assert.deepEqual(await ticksOf(), [1, 2, 3, 4]);
  const done = await run('checkpoint prune one --every 2', { answer: 'y' });
  assert.match(done.stdout, /^Deleted 1 checkpoint: /);
  assert.deepEqual(await ticksOf(), [1, 2, 4]);
  const yes = await run('checkpoint prune one --before 1000 --yes');
  assert.match(yes.stdout, /^Deleted 2 checkpoints/);
  assert.deepEqual(await ticksOf(), [4]);
  assert.equal((await run('checkpoint prune one --keep 1')).stdout, 'Nothing is to be deleted.\n');
  for (const args of ['one', 'one --keep 1 --every 2', 'one --keep 0'])
    assert.equal((await run(`checkpoint prune ${args}`)).status, 2, args);
  assert.ok(existsSync(path.join(cwd, 'checkpoints/one/latest')));
});

test('export takes the format from the name of the file, and replaces nothing', async (t) => {
  const { run, cwd } = await placeOf(t);
  const npz = await run('checkpoint export one -o one.npz');
  assert.match(npz.stdout, /^Exported to one\.npz: 3 arrays, /);
  assert.equal(readFileSync(path.join(cwd, 'one.npz'), 'latin1').slice(0, 2), 'PK');
  const again = await run('checkpoint export one -o one.npz --json');
  assert.equal(problem(again).code, 'CKPT_EXPORT_EXISTS');
  const named = document<{ format: string; arrays: string[] }>(
    await run('checkpoint export one@2 --format safetensors -o weights.bin --json'),
  );
  assert.deepEqual(named.arrays, ['grid', 'same', 'x']);
  const vague = await run('checkpoint export one -o one.bin');
  assert.equal(vague.status, 2);
  assert.match(vague.stderr, /--format safetensors or --format npz/);
  assert.deepEqual(readdirSync(cwd).toSorted(), ['checkpoints', 'one.npz', 'weights.bin']);
});

test('fork begins a run that remembers where it came from', async (t) => {
  const { run, cwd } = await placeOf(t);
  const forked = await run('checkpoint fork one@2 --run-id lighter --param gravity=1.62');
  assert.equal(forked.stdout, 'lighter begins at tick 2 with the state of one.\n');
  const listed = await run('checkpoint list');
  assert.match(listed.stdout, /^lighter +latest +marbles +stopped +2 .* one@2$/m);
  const diff = document<{ facts: unknown[]; sections: unknown[] }>(
    await run('checkpoint diff one@2 lighter --json'),
  );
  assert.deepEqual(diff.sections, []);
  assert.deepEqual(diff.facts, [{ name: 'parameters.gravity', from: 9.81, to: 1.62 }]);
  await run('checkpoint fork one --run-id far --into elsewhere');
  assert.ok(existsSync(path.join(cwd, 'elsewhere/far/manifest.json')));
  const taken = await run('checkpoint fork one --run-id two --json');
  assert.equal(problem(taken).code, 'RUN_EXISTS');
  const unknown = await run('checkpoint fork one --run-id x --param g=1 --json');
  assert.equal(problem(unknown).code, 'CKPT_PARAMETER_UNKNOWN');
  assert.equal((await run('checkpoint fork one --run-id x --param gravity')).status, 2);
});

test('a fork of a world goes on under its parameters, and one without any as its origin', async (t) => {
  const { run } = await placeOf(t);
  const world = fileURLToPath(new URL('../../../../examples/particles', import.meta.url));
  const state = async (args: string): Promise<string> => {
    const ran = await run(`run ${world} ${args} --json`);
    assert.equal(ran.status, 0, ran.stderr);
    const last = ran.stdout.trimEnd().split('\n').at(-1) ?? '';
    return (JSON.parse(last) as { stateHash: string }).stateHash;
  };
  const straight = await state('--steps 20 --run-id base --checkpoint-stride 10');
  for (const [runId, parameters, equal] of [
    ['same', '', true],
    ['light', ' --param gravity=1.62', false],
  ] as const) {
    const forked = await run(`checkpoint fork base@10 --run-id ${runId}${parameters}`);
    assert.equal(forked.status, 0, forked.stderr);
    assert.equal((await state(`--steps 10 --resume ${runId}`)) === straight, equal, runId);
    const diff = await run(`checkpoint diff base@20 ${runId}@20 --exit-code`);
    assert.equal(diff.status, equal ? 0 : 1, diff.stdout);
  }
  const listed = await run('checkpoint list');
  assert.match(listed.stdout, /^light +latest +particles +finished +20 .* base@10$/m);
});
