// Directories of runs: one writer, manifests that are mended from the files, `latest`, and the search for a checkpoint that verifies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import { createCheckpointWriter } from '../checkpoint/index.ts';
import { factsOf, smallShapes, stateOf } from '../checkpoint/testing/index.ts';
import type { RunManifest } from './contract.ts';
import { isRunLocked, latestRun, listRuns, newestThatVerifies, openRunDirectory } from './index.ts';
import { runFacts } from './testing/run-facts.ts';

const state = stateOf(smallShapes);

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-runs-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens or makes the run, writes a checkpoint for each tick, and lets go of it. */
async function writeRun(
  directory: string,
  runId: string,
  ticks: readonly number[],
  options: { readonly keep?: number; readonly fullEvery?: number; readonly resume?: boolean } = {},
): Promise<string> {
  const create = options.resume === true ? {} : { create: runFacts };
  await using run = await openRunDirectory({ directory, runId, ...create });
  const writer = createCheckpointWriter({ runDirectory: run.path, ...options });
  for (const tick of ticks) {
    writer.offer({ facts: factsOf(tick, { runId }), sections: state.sections, release: () => {} });
    for (const one of await writer.drain())
      assert.equal(one.outcome, 'written', JSON.stringify(one));
  }
  await writer.close();
  return run.path;
}

async function manifestIn(runPath: string): Promise<RunManifest> {
  return JSON.parse(await readFile(path.join(runPath, 'manifest.json'), 'utf8')) as RunManifest;
}

const ticksOf = ({ checkpoints }: RunManifest): readonly number[] =>
  checkpoints.map(({ tick }) => tick);

function rejectsWith(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  return assert.rejects(work, (error) => isFailure(error, code) || assert.fail(String(error)));
}

interface Opener {
  begin(): void;
  answer(): Promise<string>;
  kill(): Promise<void>;
}

async function opener(t: TestContext, directory: string, run: string): Promise<Opener> {
  const program = fileURLToPath(new URL('testing/open-run-process.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program, directory, run], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => (await lines.next()).value as string;
  assert.equal(await answer(), 'ready');
  return {
    answer,
    begin: () => void child.stdin.write('go\n'),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('of processes that open one run at once one has it, and its death frees it', async (t) => {
  const directory = await directoryFor(t);
  const processes = await Promise.all([1, 2, 3].map(() => opener(t, directory, 'one')));
  for (const one of processes) one.begin();
  const answers = await Promise.all(processes.map((one) => one.answer()));
  // All may give way to each other; two must never have it.
  assert.ok(answers.filter((one) => one === 'held').length <= 1, answers.join());
  assert.ok(
    answers.every((one) => ['held', 'RUN_BUSY'].includes(one)),
    answers.join(),
  );
  const [first, second] = processes as [Opener, Opener, Opener];
  for (const one of processes) {
    if (answers.includes('held')) break;
    one.begin();
    answers.push(await one.answer());
  }
  const holder = processes[answers.indexOf('held') % processes.length] as Opener;
  const other = holder === first ? second : first;
  other.begin();
  assert.equal(await other.answer(), 'RUN_BUSY');
  assert.equal(await isRunLocked(path.join(directory, 'one')), true);
  await holder.kill();
  other.begin();
  assert.equal(await other.answer(), 'held');
  await other.kill();
  assert.equal(await isRunLocked(path.join(directory, 'one')), false);
});

test('a run has one writer within a process too, and can be opened again after it', async (t) => {
  const directory = await directoryFor(t);
  {
    await using run = await openRunDirectory({ directory, runId: 'a', create: runFacts });
    await rejectsWith(openRunDirectory({ directory, runId: 'a' }), 'RUN_BUSY');
    assert.deepEqual(
      (await listRuns(directory)).map(({ busy }) => busy),
      [true],
    );
    await run.setStatus('finished');
  }
  await using again = await openRunDirectory({ directory, runId: 'a' });
  assert.equal(again.manifest.status, 'finished');
});

test('the path of a run may be longer than the name of a socket', async (t) => {
  const directory = path.join(await directoryFor(t), 'd'.repeat(90), 'e'.repeat(90));
  await writeRun(directory, 'r'.repeat(60), [1]);
  const [run] = await listRuns(directory);
  assert.deepEqual([run?.busy, run?.manifest.checkpoints.length], [false, 1]);
});

test('errors name what is wrong with an id or a directory', async (t) => {
  const directory = await directoryFor(t);
  for (const runId of ['latest', '', '.x', '../x', 'a/b', 'x'.repeat(101), 'a.tmp'])
    await rejectsWith(openRunDirectory({ directory, runId, create: runFacts }), 'RUN_ID_INVALID');
  await rejectsWith(openRunDirectory({ directory, runId: 'none' }), 'RUN_UNKNOWN');
  await mkdir(path.join(directory, 'empty'));
  await rejectsWith(openRunDirectory({ directory, runId: 'empty' }), 'RUN_UNKNOWN');
  await writeFile(path.join(directory, 'file'), '');
  await rejectsWith(openRunDirectory({ directory, runId: 'file' }), 'RUN_UNKNOWN');
  const below = { directory: path.join(directory, 'file'), runId: 'a', create: runFacts };
  await rejectsWith(openRunDirectory(below), 'RUN_DIRECTORY_UNUSABLE');
  await writeRun(directory, 'b', [1]);
  await rejectsWith(openRunDirectory({ directory, runId: 'b', create: runFacts }), 'RUN_EXISTS');
});

test('a manifest that is gone, behind or no manifest is made anew from the files', async (t) => {
  const directory = await directoryFor(t);
  const runPath = await writeRun(directory, 'a', [10, 20, 30]);
  const whole = await manifestIn(runPath);
  assert.deepEqual(ticksOf(whole), [10, 20, 30]);
  const behind = { ...whole, checkpoints: whole.checkpoints.slice(0, 2) };
  const wrong = { ...whole, checkpoints: [{ ...whole.checkpoints[0], tick: 11 }] };
  for (const text of [
    undefined,
    '',
    '{"format":1}',
    JSON.stringify(behind),
    JSON.stringify(wrong),
  ]) {
    const file = path.join(runPath, 'manifest.json');
    if (text === undefined) await unlink(file);
    else await writeFile(file, text);
    await unlink(path.join(runPath, 'latest'));
    await using run = await openRunDirectory({ directory, runId: 'a' });
    assert.deepEqual(run.manifest.checkpoints, whole.checkpoints, text);
    assert.deepEqual(await manifestIn(runPath), run.manifest);
    assert.equal(await readlink(path.join(runPath, 'latest')), 'checkpoint_0000000030.ckpt');
  }
});

test('what a dead process left is removed, what was removed by hand is forgotten', async (t) => {
  const directory = await directoryFor(t);
  const runPath = await writeRun(directory, 'a', [10, 20, 30]);
  await writeFile(path.join(runPath, 'checkpoint_0000000040.ckpt.00ff00ff.tmp'), 'half');
  await writeFile(path.join(runPath, 'checkpoint_0000000041.ckpt'), 'foreign');
  await unlink(path.join(runPath, 'checkpoint_0000000030.ckpt'));
  await using run = await openRunDirectory({ directory, runId: 'a' });
  assert.deepEqual(ticksOf(run.manifest), [10, 20]);
  const names = (await readdir(runPath)).filter((name) => !name.startsWith('.lock-'));
  assert.deepEqual(names.toSorted(), [
    'checkpoint_0000000010.ckpt',
    'checkpoint_0000000020.ckpt',
    'checkpoint_0000000041.ckpt',
    'latest',
    'manifest.json',
  ]);
});

test('nothing of others is removed from a directory, whether it is a run or not', async (t) => {
  const directory = await directoryFor(t);
  const own = path.join(directory, 'own');
  await mkdir(own);
  const files = [
    'thesis.tmp',
    'manifest.json.backup.tmp',
    'checkpoint_0000000040.ckpt.00ff00ff.tmp',
  ];
  for (const name of files) await writeFile(path.join(own, name), 'the only copy');
  await rejectsWith(openRunDirectory({ directory, runId: 'own' }), 'RUN_UNKNOWN');
  assert.deepEqual((await readdir(own)).toSorted(), files.toSorted());
  const runPath = await writeRun(directory, 'a', [10]);
  for (const name of files) await writeFile(path.join(runPath, name), 'the only copy');
  await using _ = await openRunDirectory({ directory, runId: 'a' });
  const left = (await readdir(runPath)).filter((name) => files.includes(name));
  assert.deepEqual(left.toSorted(), files.slice(0, 2).toSorted());
});

test('a checkpoint of another run that somebody put here is neither gone on from nor removed', async (t) => {
  const directory = await directoryFor(t);
  const runPath = await writeRun(directory, 'a', [10]);
  const other = await openRunDirectory({ directory, runId: 'b', create: runFacts });
  const writer = createCheckpointWriter({ runDirectory: other.path });
  const facts = factsOf(20, { runId: 'b', seed: 'another' });
  writer.offer({ facts, sections: state.sections, release: () => {} });
  assert.equal((await writer.drain())[0]?.outcome, 'written');
  await writer.close();
  await other[Symbol.asyncDispose]();
  const strange = path.join(runPath, 'checkpoint_0000000020.ckpt');
  await cp(path.join(directory, 'b', 'checkpoint_0000000020.ckpt'), strange);
  {
    await using run = await openRunDirectory({ directory, runId: 'a' });
    assert.deepEqual(ticksOf(run.manifest), [10]);
  }
  const { tick, skipped } = await newestThatVerifies(runPath);
  assert.deepEqual(
    [tick, skipped.map(({ why }) => why)],
    [10, ['checkpoint_0000000020.ckpt is of the run b']],
  );
  await writeRun(directory, 'a', [30, 40], { resume: true, keep: 1 });
  assert.deepEqual(ticksOf(await manifestIn(runPath)), [40]);
  assert.ok((await readdir(runPath)).includes('checkpoint_0000000020.ckpt'));
  // Under another name the directory is still that of its run, also where the manifest has forgotten something.
  const renamed = path.join(directory, 'c');
  await cp(runPath, renamed, { recursive: true, verbatimSymlinks: true });
  await using run = await openRunDirectory({ directory, runId: 'c' });
  await writeFile(
    path.join(renamed, 'manifest.json'),
    JSON.stringify({ ...run.manifest, checkpoints: [] }),
  );
  assert.equal((await newestThatVerifies(renamed)).tick, 40);
});

test('the newest that verifies is found, and those before it are named', async (t) => {
  const directory = await directoryFor(t);
  const runPath = await writeRun(directory, 'a', [10, 20, 30, 40]);
  await truncate(path.join(runPath, 'checkpoint_0000000040.ckpt'), 1000);
  const bytes = await readFile(path.join(runPath, 'checkpoint_0000000030.ckpt'));
  bytes[70] = (bytes[70] as number) ^ 1;
  await writeFile(path.join(runPath, 'checkpoint_0000000030.ckpt'), bytes);
  const { file, tick, skipped } = await newestThatVerifies(runPath);
  assert.deepEqual([path.basename(file), tick], ['checkpoint_0000000020.ckpt', 20]);
  assert.match(skipped[0]?.why ?? '', /0000000040.ckpt is damaged in its trailer/);
  assert.match(skipped[1]?.why ?? '', /0000000030.ckpt is damaged in its section current\/@clock/);
  for (const name of ['0000000010', '0000000020'])
    await truncate(path.join(runPath, `checkpoint_${name}.ckpt`), 0);
  await rejectsWith(newestThatVerifies(runPath), 'RUN_NO_CHECKPOINT');
});

test('after a resume from an older tick the last one written is the newest, whatever its tick', async (t) => {
  const directory = await directoryFor(t);
  await writeRun(directory, 'a', [10, 20, 30, 40]);
  const runPath = await writeRun(directory, 'a', [15, 25], { resume: true, keep: 3 });
  assert.deepEqual(ticksOf(await manifestIn(runPath)), [40, 15, 25]);
  assert.equal((await newestThatVerifies(runPath)).tick, 25);
  assert.equal(await readlink(path.join(runPath, 'latest')), 'checkpoint_0000000025.ckpt');
});

test('only so many are kept, and the base of a kept one', async (t) => {
  const directory = await directoryFor(t);
  const ticks = [1, 2, 3, 4, 5, 6];
  const runPath = await writeRun(directory, 'a', ticks, { keep: 2, fullEvery: 4 });
  assert.deepEqual(ticksOf(await manifestIn(runPath)), [5, 6]);
  const other = await writeRun(directory, 'b', ticks.slice(0, 4), { keep: 2, fullEvery: 4 });
  assert.deepEqual(ticksOf(await manifestIn(other)), [1, 3, 4]);
  assert.equal((await newestThatVerifies(other)).tick, 4);
  const files = (await readdir(other)).filter((name) => name.endsWith('.ckpt'));
  assert.equal(files.length, 3);
});

test('the latest run is the one set running last, by no clock; without the link by its own account', async (t) => {
  const directory = await directoryFor(t);
  assert.equal(await latestRun(path.join(directory, 'none')), undefined);
  await writeRun(directory, 'b', [1]);
  await writeRun(directory, 'a', [1]);
  assert.equal((await latestRun(directory))?.runId, 'a');
  {
    await using run = await openRunDirectory({ directory, runId: 'b' });
    assert.equal((await latestRun(directory))?.runId, 'a', 'only looked at');
    await run.setStatus('running');
  }
  assert.equal((await latestRun(directory))?.runId, 'b');
  assert.equal(await readlink(path.join(directory, 'latest')), 'b');
  await rm(path.join(directory, 'b'), { recursive: true });
  assert.equal((await latestRun(directory))?.runId, 'a');
  await unlink(path.join(directory, 'latest'));
  assert.equal((await latestRun(directory))?.runId, 'a');
});

test('a directory that was moved while its run was at work is whole elsewhere', async (t) => {
  const directory = await directoryFor(t);
  const run = await openRunDirectory({ directory, runId: 'a', create: runFacts });
  await writeFile(path.join(run.path, 'notes.txt'), '');
  await cp(directory, path.join(directory, '../', `${path.basename(directory)}-copy`), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !path.basename(source).startsWith('.lock-'),
  });
  const copy = `${directory}-copy`;
  t.after(() => rm(copy, { recursive: true, force: true }));
  await using there = await openRunDirectory({ directory: copy, runId: 'a' });
  assert.deepEqual(there.manifest, run.manifest);
  await run[Symbol.asyncDispose]();
});
