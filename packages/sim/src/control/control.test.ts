// What a run can be asked, over a real socket, of a real process with a loop that turns the event loop and of one that never does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
  symlink,
} from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import type { Control, ControlStatus } from './contract.ts';
import { findLivingRuns, findRunSocket, startControl } from './index.ts';
import { makePlace } from './testing/controlled.ts';

const failsWith = (code: ErrorCode) => (error: unknown) => {
  assert.ok(isFailure(error, code), String(error));
  return true;
};

for (const synchronous of [false, true]) {
  const loop = synchronous ? 'a loop without an event loop' : 'a loop';

  test(`${loop}: status moves on, a pause holds it between two ticks, a resume lets it go`, async () => {
    await using place = await makePlace();
    const run = await place.start({ synchronous, untilTick: 1_000_000 });
    await run.ask('wait', { tick: 5 });
    const before = (await run.ask('status')) as ControlStatus;
    assert.equal(before.runId, 'test-run');
    assert.equal(before.untilTick, 1_000_000);
    assert.equal(before.pid, run.process.pid);
    assert.ok(before.tick >= 5 && before.ticksPerSecond > 0 && !before.paused);
    assert.ok(Math.abs(before.simTimeSeconds - before.tick / 10) < 1);

    const { tick, pause } = (await run.ask('pause')) as { tick: number; pause: number };
    const held = (await run.ask('status')) as ControlStatus;
    assert.equal(held.paused, true);
    assert.equal(held.tick, tick);
    const marked = (await run.ask('mark')) as { tick: number; file: string };
    assert.equal(marked.tick, tick);
    await run.ask('durable', { tick });
    assert.equal(await readFile(marked.file, 'utf8'), String(tick));
    assert.equal(((await run.ask('status')) as ControlStatus).tick, tick);
    assert.deepEqual(await run.ask('resume', { pause }), { held: true });
    await run.ask('wait', { tick: tick + 3 });
    assert.deepEqual(await run.ask('resume', { pause }), { held: false });
  });

  test(`${loop}: a pause ends by itself when its time is over, though nobody is there any more`, async () => {
    await using place = await makePlace();
    const run = await place.start({ synchronous });
    const client = await run.client();
    client.write('{"jsonrpc":"2.0","id":1,"method":"pause","params":{"ttlMs":1000}}\n');
    const { result } = (await client.line()) as { result: { tick: number; pause: number } };
    client.socket.destroy();
    await run.ask('wait', { tick: result.tick + 1 });
    assert.deepEqual(await run.ask('resume', { pause: result.pause }), { held: false });
  });

  test(`${loop}: who holds it does not let it go for another`, async () => {
    await using place = await makePlace();
    const run = await place.start({ synchronous });
    const person = (await run.ask('pause')) as { tick: number; pause: number };
    const snapshot = (await run.ask('pause', { ttlMs: 60_000 })) as { tick: number; pause: number };
    assert.equal(snapshot.tick, person.tick);
    assert.deepEqual(await run.ask('resume', { pause: snapshot.pause }), { held: true });
    const status = (await run.ask('status')) as ControlStatus;
    assert.deepEqual([status.paused, status.tick], [true, person.tick]);
    assert.deepEqual(await run.ask('resume'), { ended: 1 });
    await run.ask('wait', { tick: person.tick + 1 });
  });

  test(`${loop}: stop ends it, also while it is held, and says its last checkpoint`, async () => {
    await using place = await makePlace();
    const run = await place.start({ synchronous });
    await run.ask('pause');
    const waiting = run.ask('wait', { tick: 1e9 });
    const refused = assert.rejects(waiting, failsWith('CTL_RUN_ENDED'));
    const { tick, checkpoint } = (await run.ask('stop')) as {
      tick: number;
      checkpoint: { tick: number; file: string };
    };
    assert.equal(checkpoint.tick, tick);
    assert.ok((await stat(checkpoint.file)).isFile());
    await refused;
    assert.deepEqual(await run.ended(), { tick });
    assert.equal(await findRunSocket(place.runDirectory), undefined);
    assert.deepEqual(await readdir(place.runDirectory), [path.basename(checkpoint.file)]);
    assert.deepEqual(await readdir(path.join(place.socketDirectory, 'runs')), []);
  });
}

test('the checkpoint that a run goes on from is durable from its beginning', async () => {
  await using place = await makePlace();
  const newest = { tick: 7, file: path.join(place.runDirectory, 'checkpoint_7.ckpt') };
  const run = await place.start({ newest });
  assert.deepEqual(await run.ask('durable', { tick: 7 }), newest);
  assert.deepEqual(((await run.ask('status')) as ControlStatus).checkpoints.last, newest);
});

test('checkpoint answers when the file is durable, set-stride changes how often', async () => {
  await using place = await makePlace();
  const run = await place.start();
  const first = (await run.ask('checkpoint')) as { outcome: string; file: string; tick: number };
  assert.equal(first.outcome, 'written');
  assert.equal(await readFile(first.file, 'utf8'), String(first.tick));
  assert.deepEqual(await run.ask('set-stride', { ticks: 5 }), { ticks: 5 });
  // On a busy machine it has come far since the first one.
  const { tick } = (await run.ask('status')) as ControlStatus;
  await run.ask('wait', { tick: tick + 20 });
  const { checkpoints } = (await run.ask('status')) as ControlStatus;
  assert.ok(checkpoints.written >= 4, JSON.stringify(checkpoints));
  assert.equal((checkpoints.last?.tick ?? 1) % 5, 0);
});

test('a checkpoint that is dropped or fails is said to be', async () => {
  await using place = await makePlace();
  const dropping = await place.start({ checkpoints: 'dropped' });
  assert.deepEqual(await dropping.ask('checkpoint'), { outcome: 'dropped' });
  await assert.rejects(dropping.ask('mark'), failsWith('CTL_CHECKPOINT_DROPPED'));
  assert.equal(((await dropping.ask('status')) as ControlStatus).checkpoints.dropped, 2);
  await dropping.kill();
  const failing = await place.start({ checkpoints: 'failed' });
  await assert.rejects(failing.ask('checkpoint'), /no space left on device/);
  const { tick } = (await failing.ask('mark')) as { tick: number };
  await assert.rejects(failing.ask('durable', { tick }), failsWith('CTL_CHECKPOINT_FAILED'));
});

test('the socket is private, is found by its run, and a second run of the directory is refused', async () => {
  await using place = await makePlace();
  const run = await place.start();
  assert.equal(run.socket, path.join(place.runDirectory, '.control', 'socket'));
  assert.equal((await lstat(run.socket)).mode & 0o777, 0o600);
  assert.equal((await lstat(path.dirname(run.socket))).mode & 0o777, 0o700);
  const { socketDirectory, directory, runDirectory } = place;
  const one = { runId: 'test-run', directory: runDirectory, socket: run.socket };
  assert.deepEqual(await findRunSocket(runDirectory), one);
  assert.deepEqual(await findLivingRuns({ socketDirectory }), [one]);
  // The link to the latest run is a second way to it.
  await symlink('test-run', path.join(directory, 'latest'));
  assert.deepEqual(await findLivingRuns({ socketDirectory, checkpointDirectory: directory }), [
    one,
  ]);
  await assert.rejects(place.start(), /RUN_BUSY/);
  assert.deepEqual(await findRunSocket(runDirectory), one);
});

test('a start that is refused waits for the end of its thread, and leaves nothing that listens', async () => {
  await using place = await makePlace();
  const { runDirectory, socketDirectory } = place;
  const options = { runDirectory, runId: 'test-run', socketDirectory };
  const file = path.join(runDirectory, 'control.json');
  const endOf = async (start: Promise<unknown>, code: ErrorCode): Promise<void> => {
    const [thread] = (await once(process, 'worker')) as [Worker];
    let ended: number | undefined;
    thread.once('exit', (exitCode) => (ended = exitCode));
    await assert.rejects(start, failsWith(code));
    // 1: it was stopped from without.
    assert.equal(ended, 0);
  };
  // Where it listens already it cannot say so: a directory has the name of what it would write.
  await mkdir(file);
  await endOf(startControl(options), 'CTL_SOCKET_FAILED');
  assert.deepEqual(await readdir(path.join(runDirectory, '.control')), []);
  await rm(file, { recursive: true });
  const first = await place.start();
  await endOf(startControl(options), 'RUN_BUSY');
  await first.ask('status');
});

test('who connects before the run can answer keeps no refused start and no ended run waiting', async () => {
  await using place = await makePlace();
  const { runDirectory, socketDirectory } = place;
  const clients: Socket[] = [];
  /** Connects again and again while it starts, so that one comes in the moments between. */
  const started = async (): Promise<PromiseSettledResult<Control>> => {
    const over = new AbortController();
    const start = startControl({ runDirectory, runId: 'test-run', socketDirectory });
    const end = Promise.allSettled([start]).finally(() => over.abort());
    while (!over.signal.aborted) {
      const client = connect(path.join(runDirectory, '.control', 'socket'));
      clients.push(client);
      client.on('error', () => {});
      await new Promise((resolve) => client.once('connect', resolve).once('close', resolve));
    }
    return (await end)[0];
  };
  await mkdir(path.join(runDirectory, 'control.json'));
  assert.equal((await started()).status, 'rejected');
  await rm(path.join(runDirectory, 'control.json'), { recursive: true });
  const control = await started();
  assert.ok(control.status === 'fulfilled');
  await control.value.close();
  for (const client of clients) client.destroy();
});

test('a thread of control that is lost costs the run its control and nothing else', async () => {
  await using place = await makePlace();
  const { runDirectory, socketDirectory } = place;
  const begun = once(process, 'worker') as Promise<[Worker]>;
  const control = await startControl({ runDirectory, runId: 'test-run', socketDirectory });
  const [thread] = await begun;
  // As Node says it of a thread with an error that nobody caught there.
  thread.emit('error', new Error('out of memory'));
  await thread.terminate();
  control.tell(1, 0.1);
  await control.close();
});

test('what a killed run left is told from a living one, and replaced', async () => {
  await using place = await makePlace();
  const first = await place.start();
  await first.kill();
  assert.ok((await lstat(first.socket)).isSocket());
  assert.equal(await findRunSocket(place.runDirectory), undefined);
  const { socketDirectory } = place;
  assert.deepEqual(await findLivingRuns({ socketDirectory }), []);
  await assert.rejects(first.ask('status'), failsWith('CTL_NOT_RUNNING'));
  const second = await place.start();
  assert.equal(((await second.ask('status')) as ControlStatus).pid, second.process.pid);
});

test('a directory with a long path has its socket in the short one', async () => {
  await using place = await makePlace('long-'.repeat(20));
  const run = await place.start();
  assert.equal(path.dirname(run.socket), place.socketDirectory);
  assert.equal((await lstat(place.socketDirectory)).mode & 0o777, 0o700);
  const found = await findRunSocket(place.runDirectory);
  assert.equal(found?.socket, run.socket);
  await run.ask('stop');
  await run.ended();
  assert.deepEqual(await readdir(place.socketDirectory), ['runs']);
});

test(
  'a directory that cannot be written: a named error, no half of a socket',
  { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false },
  async () => {
    await using place = await makePlace();
    await chmod(place.runDirectory, 0o500);
    await assert.rejects(place.start(), /CTL_SOCKET_FAILED/);
    await chmod(place.runDirectory, 0o700);
    assert.deepEqual(await readdir(place.runDirectory), []);
  },
);

test('a pause whose client goes away before the answer holds nobody', async () => {
  await using place = await makePlace();
  const busyFile = path.join(place.directory, 'busy');
  const run = await place.start({ busyFile });
  await writeFile(busyFile, '');
  const client = await run.client();
  client.write('{"jsonrpc":"2.0","id":1,"method":"pause"}\n');
  const other = await run.client();
  other.write('{"jsonrpc":"2.0","id":2,"method":"status"}\n');
  await other.line();
  client.socket.destroy();
  await rm(busyFile);
  const { tick } = (await run.ask('status')) as ControlStatus;
  await run.ask('wait', { tick: tick + 3 });
});
