import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, systemClock } from '@stillpoint/core';
import { acquireLease } from './lease.ts';

const never = new AbortController().signal;

async function withLeaseFile(body: (file: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-lease-'));
  try {
    await body(path.join(directory, 'lease.db'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function acquire(
  file: string,
  waitMs = 0,
  operation = 'snapshot',
): ReturnType<typeof acquireLease> {
  return acquireLease({ file, operation, waitMs, signal: never, clock: systemClock });
}

test('one holder at a time, the other is told who holds it; generations grow', async () => {
  await withLeaseFile(async (file) => {
    const first = await acquire(file, 0, 'restore abc');
    await assert.rejects(acquire(file), (error) => {
      assert.ok(isFailure(error, 'LEASE_HELD'));
      assert.equal(error.data.pid, process.pid);
      assert.equal(error.data.operation, 'restore abc');
      return true;
    });
    const waiting = acquire(file, 10_000);
    await first[Symbol.asyncDispose]();
    await using second = await waiting;
    assert.equal(second.generation, first.generation + 1);
  });
});

test('a holder that is killed -9 holds nothing', async () => {
  await withLeaseFile(async (file) => {
    const script = `
      import { acquireLease } from ${JSON.stringify(new URL('lease.ts', import.meta.url).href)};
      import { systemClock } from '@stillpoint/core';
      await acquireLease({ file: ${JSON.stringify(file)}, operation: 'child', waitMs: 0,
        signal: new AbortController().signal, clock: systemClock });
      process.stdout.write('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(
      process.execPath,
      [
        ...process.execArgv.filter((flag) => flag !== '--test'),
        '--input-type=module',
        '-e',
        script,
      ],
      {
        cwd: import.meta.dirname,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    await assert.rejects(acquire(file), (error) => isFailure(error, 'LEASE_HELD'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using lease = await acquire(file);
    assert.equal(lease.generation, 2);
  });
});

test('waiting ends with its signal', async () => {
  await withLeaseFile(async (file) => {
    await using _held = await acquire(file);
    const abort = new AbortController();
    const waiting = acquireLease({
      file,
      operation: 'x',
      waitMs: 60_000,
      signal: abort.signal,
      clock: systemClock,
    });
    abort.abort(new Error('enough'));
    await assert.rejects(waiting);
  });
});
