// Commands keep the participants' law, and what is particular to them: groups, logs, environment, leftovers.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import { createCommandParticipant } from './command-participant.ts';
import type { Hold } from './contract.ts';
import { testParticipant } from './testkit.ts';
import { eventually } from './testing/eventually.ts';
import { findMarked } from './testing/processes.ts';

interface Place extends AsyncDisposable {
  readonly directory: string;
  at(name: string): string;
  hold(suspend: string, resume: string): Promise<Hold>;
}

const snapshot = newSnapshotId();

async function makePlace(): Promise<Place> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'command-'));
  return {
    directory,
    at: (name) => path.join(directory, name),
    hold: (suspend, resume) => {
      const options = { directory, logDirectory: path.join(directory, 'log'), suspend, resume };
      return createCommandParticipant({
        ...options,
        name: 'the app/1',
        guards: '*',
        environment: { MARK: directory },
      }).open({
        snapshot,
        budgetMs: 1000,
        signal: new AbortController().signal,
        progress: silent,
      });
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** An application that is a file: present, it is paused; another one says that it is busy. */
const fileSuspend = 'touch paused; while [ -e busy ]; do sleep 0.01; done';
const fileResume = 'rm -f paused';

testParticipant({
  name: 'command',
  create: async () => {
    const place = await makePlace();
    const { directory } = place;
    const logDirectory = path.join(directory, 'log');
    const lines = { suspend: fileSuspend, resume: fileResume };
    return {
      participant: createCommandParticipant({
        name: 'c',
        guards: '*',
        ...lines,
        directory,
        logDirectory,
      }),
      writes: (timeoutMs) =>
        eventually(() => !existsSync(place.at('paused')), timeoutMs, 'a write'),
      isPaused: async () => existsSync(place.at('paused')),
      keepBusy: async () => {
        await writeFile(place.at('busy'), '');
        return () => rm(place.at('busy'), { force: true });
      },
      [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
    };
  },
});

const signal = (): AbortSignal => new AbortController().signal;

describe('a command participant', () => {
  it('runs in the project directory and knows the snapshot', async () => {
    await using place = await makePlace();
    await using hold = await place.hold(
      'echo "$STILLPOINT_SNAPSHOT $STILLPOINT_PARTICIPANT" >here',
      'cp here there',
    );
    await hold.suspend(signal(), 1000);
    assert.equal(await readFile(place.at('here'), 'utf8'), `${snapshot} the app/1\n`);
    await hold.resume();
    assert.ok(existsSync(place.at('there')));
  });

  it('fails with the exit status and the last lines', async () => {
    await using place = await makePlace();
    await using hold = await place.hold(
      'seq 1 100; echo cannot stop >&2; exit 3',
      'echo no; exit 4',
    );
    await assert.rejects(hold.suspend(signal(), 1000), (error) => {
      assert.ok(isFailure(error, 'PARTICIPANT_FAILED'));
      assert.match(
        error.message,
        /"the app\/1" could not suspend: exit status 3: 92\n[^]*100\ncannot stop$/,
      );
      return true;
    });
    await assert.rejects(hold.resume(), /could not resume: exit status 4: no$/);
    await assert.rejects(
      hold.resume(),
      /could not resume: exit status 4: no$/,
      'and each time again',
    );
  });

  it('refuses a directory that is not there before anything is paused', async () => {
    const directory = '/nonexistent/project';
    await using place = await makePlace();
    const options = { name: 'c', guards: '*' as const, suspend: 'true', resume: 'true', directory };
    const participant = createCommandParticipant({ ...options, logDirectory: place.at('log') });
    await assert.rejects(
      participant.open({ snapshot, budgetMs: 1000, signal: signal(), progress: silent }),
      (error) => isFailure(error, 'PARTICIPANT_FAILED'),
    );
  });

  it('ends the whole group when it is given up, also one that minds nothing', async () => {
    await using place = await makePlace();
    const stubborn = `trap '' TERM; (trap '' TERM; touch child; sleep 600) & touch started; wait`;
    await using hold = await place.hold(stubborn, 'true');
    const giveUp = new AbortController();
    const suspended = hold.suspend(giveUp.signal, 1000);
    await eventually(
      () => existsSync(place.at('started')) && existsSync(place.at('child')),
      10_000,
      'start',
    );
    giveUp.abort(new Error('given up'));
    await assert.rejects(suspended, /given up/);
    await hold.resume();
    await hold[Symbol.asyncDispose]();
    await eventually(
      () => findMarked('MARK', place.directory).length === 0,
      10_000,
      'no process left',
    );
  });

  it('leaves what a command started in the background running, with its output', async () => {
    await using place = await makePlace();
    await using hold = await place.hold(
      'true',
      '(while [ ! -e stop ]; do sleep 0.01; done; echo ended; touch ended) &',
    );
    await hold.suspend(signal(), 1000);
    assert.equal(await hold.resume(), 'held');
    await hold[Symbol.asyncDispose]();
    await writeFile(place.at('stop'), '');
    await eventually(
      () => existsSync(place.at('ended')),
      10_000,
      'the program in the background ended',
    );
    assert.equal(await readFile(place.at('log/the_app_1.log'), 'utf8'), 'ended\n');
  });

  it('does not keep a shell waiting when it is never used', async () => {
    await using place = await makePlace();
    await using hold = await place.hold('touch paused', 'true');
    const shells = (): number => findMarked('MARK', place.directory).length;
    await eventually(() => shells() === 2, 10_000, 'both shells wait');
    await hold[Symbol.asyncDispose]();
    await eventually(
      () => findMarked('MARK', place.directory).length === 0,
      10_000,
      'no process left',
    );
    assert.equal(existsSync(place.at('paused')), false);
  });
});
