// Whether another process is certainly dead: only what cannot be otherwise counts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { hasEnded, ownMachine } from './machine-identity.ts';
import { identifyProcess, ownIdentity } from './process-identity.ts';

const own = { machine: ownMachine(), process: ownIdentity() };
/** As if it had never run here. */
const dead = { ...own.process, pid: 2 ** 22 + 1 };
const linuxOnly = { skip: process.platform === 'linux' ? false : 'the kernel of Linux tells' };

test('this process has not ended, and one that was killed has', linuxOnly, async () => {
  assert.equal(hasEnded(own, own), false);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const found = { machine: own.machine, process: identifyProcess(child.pid!)! };
  assert.equal(hasEnded(found, own), false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(hasEnded(found, own), true);
  assert.equal(hasEnded({ ...own, process: { ...own.process, startedAt: '1' } }, own), true);
});

test(
  'of another machine, or of another container of this one, nothing is certain',
  linuxOnly,
  () => {
    const elsewhere = { machine: { ...own.machine, host: 'elsewhere' }, process: dead };
    const container = { machine: { ...own.machine, processes: 'pid:[1]' }, process: dead };
    const unknown = { machine: { ...own.machine, processes: '' }, process: dead };
    const bootless = { machine: own.machine, process: { ...dead, boot: 'unknown' } };
    for (const one of [elsewhere, container, unknown, bootless]) {
      assert.equal(hasEnded(one, own), false);
    }
  },
);

test('what ran before this machine was started anew has ended, unless it may have been another machine', () => {
  const machine = { host: 'here', installation: 'i', processes: 'pid:[4026531836]' };
  const now = { machine, process: { pid: 1, startedAt: '1', boot: 'now' } };
  const before = { machine, process: { pid: 7, startedAt: '1', boot: 'before' } };
  assert.equal(hasEnded(before, now), true);
  for (const other of [
    { ...machine, installation: 'j' },
    { ...machine, installation: '' },
    { ...machine, host: 'there' },
    { ...machine, processes: 'pid:[4026532001]' },
  ]) {
    assert.equal(hasEnded({ ...before, machine: other }, now), false);
  }
});
