// The watchdog as a process: what it inherits, what it answers, and what it does when it is alone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { identifyProcess, isAlive, newSnapshotId, ownIdentity } from '@stillpoint/core';
import type { DueCommand } from './due-resume.ts';
import { eventually } from './testing/eventually.ts';
import { writeDueResumes, type DueResumes } from './resumes-journal.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

const patienceMs = 20_000;

interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly journalFile: string;
  readonly resumes: DueResumes;
  at(name: string): string;
  start(): Promise<Watchdog>;
}

async function makePlace(line = 'touch resumed'): Promise<Place> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'watchdog-'));
  const at = (name: string): string => path.join(directory, name);
  const suspender = { pid: 1, startedAt: 'another', boot: 'another' };
  const due: DueCommand = {
    kind: 'command',
    participant: 'app',
    line,
    directory,
    environment: {},
    logFile: at('app.log'),
    suspender,
  };
  const startedAt = new Date().toISOString();
  const head = { format: 1, snapshot: newSnapshotId(), startedAt, freezer: ownIdentity() } as const;
  const resumes: DueResumes = { ...head, due: [due] };
  const journalFile = at('due.json');
  await writeDueResumes(journalFile, resumes);
  return {
    directory,
    journalFile,
    resumes,
    at,
    start: () => startWatchdog({ journalFile, resumes }, new AbortController().signal),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

describe('the watchdog', () => {
  it('holds nothing of ours, and leads its own session', async () => {
    await using place = await makePlace();
    await using watchdog = await place.start();
    const descriptors = readdirSync(`/proc/${watchdog.pid}/fd`).map((fd) => {
      try {
        return [Number(fd), readlinkSync(`/proc/${watchdog.pid}/fd/${fd}`)] as const;
      } catch {
        return [Number(fd), ''] as const;
      }
    });
    const ours = [1, 2]
      .map((fd) => readlinkSync(`/proc/self/fd/${fd}`))
      .filter((name) => name !== '/dev/null');
    for (const [fd, name] of descriptors) {
      assert.ok(!ours.includes(name), `descriptor ${fd} is our ${name}`);
      if (fd > 2)
        assert.match(name, /^(anon_inode:|pipe:|socket:|\/dev\/null$|$)/, `descriptor ${fd}`);
    }
    const stat = await readFile(`/proc/${watchdog.pid}/stat`, 'latin1');
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    assert.deepEqual([group, session], [String(watchdog.pid), String(watchdog.pid)]);
  });

  it('does nothing when it is disarmed in time, and is gone then', async () => {
    await using place = await makePlace();
    const watchdog = await place.start();
    const identity = identifyProcess(watchdog.pid);
    watchdog.arm(60_000);
    assert.equal(await watchdog.status(), 'armed');
    assert.equal(await watchdog.disarm(), 'armed');
    assert.equal(await watchdog.disarm(), 'armed', 'asked twice');
    assert.equal(identity !== undefined && isAlive(identity), false);
    assert.equal(existsSync(place.at('resumed')), false);
  });

  it('resumes at the deadline, clears the journal, and says so', async () => {
    await using place = await makePlace();
    await using watchdog = await place.start();
    watchdog.arm(30);
    await eventually(() => existsSync(place.at('resumed')), patienceMs, 'the resume');
    await eventually(() => !existsSync(place.journalFile), patienceMs, 'the journal is cleared');
    assert.equal(await watchdog.status(), 'fired');
    assert.equal(await watchdog.disarm(), 'fired');
  });

  it('tries a failing resume again', async () => {
    await using place = await makePlace('echo x >>tries; [ "$(wc -l <tries)" -ge 3 ]');
    await using watchdog = await place.start();
    watchdog.arm(1);
    await eventually(() => !existsSync(place.journalFile), patienceMs, 'the journal is cleared');
    assert.equal(await readFile(place.at('tries'), 'utf8'), 'x\nx\nx\n');
    assert.equal(await watchdog.status(), 'fired');
  });

  it('leaves the journal to its master when it is disarmed while it still tries', async () => {
    await using place = await makePlace('touch trying; exit 1');
    await using watchdog = await place.start();
    watchdog.arm(1);
    await eventually(() => existsSync(place.at('trying')), patienceMs, 'the first try');
    assert.equal(await watchdog.disarm(), 'fired');
    assert.deepEqual(JSON.parse(await readFile(place.journalFile, 'utf8')), place.resumes);
  });

  it('is gone when it is killed, and says nothing that could be taken for armed', async () => {
    await using place = await makePlace();
    await using watchdog = await place.start();
    watchdog.arm(60_000);
    process.kill(watchdog.pid, 'SIGKILL');
    assert.equal(await watchdog.status(), 'gone');
    assert.equal(await watchdog.disarm(), 'gone');
  });

  it('survives what asks it to end, because that is when it is needed', async () => {
    await using place = await makePlace();
    await using watchdog = await place.start();
    watchdog.arm(60_000);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.kill(watchdog.pid, signal);
    assert.equal(await watchdog.status(), 'armed');
  });

  it('starts from a program given on the command line', async () => {
    await using place = await makePlace();
    const module = new URL('watchdog.ts', import.meta.url).href;
    await writeFile(
      place.at('setup.json'),
      JSON.stringify({ journalFile: place.journalFile, resumes: place.resumes }),
    );
    const text = `
      const { startWatchdog } = await import(${JSON.stringify(module)});
      const { readFileSync } = await import('node:fs');
      const setup = JSON.parse(readFileSync(${JSON.stringify(place.at('setup.json'))}, 'utf8'));
      const watchdog = await startWatchdog(setup, new AbortController().signal);
      process.stdout.write(await watchdog.disarm());`;
    const flags = [
      '--no-warnings',
      '--conditions',
      '@stillpoint/source',
      '--input-type=module',
      '--eval',
    ];
    const child = spawn(process.execPath, [...flags, text], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    const said = Buffer.concat(await child.stdout.toArray()).toString();
    await closed;
    assert.equal(said, 'armed');
  });
});
