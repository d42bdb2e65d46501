// Switches to a placement and kills itself, without any chance to tidy up, when it has reported `killAt` steps. The crash test
// runs it; without killAt it goes through to the end and prints how many steps there were.
import { readFileSync } from 'node:fs';
import { systemClock, type Json, type SnapshotId } from '@stillpoint/core';
import { createGitDriver } from '../driver.ts';
import { gitEnvironment } from './tree-state.ts';

interface Order {
  readonly project: string;
  readonly cache: string;
  readonly placement: Json;
  readonly undo: SnapshotId;
  readonly killAt: number | null;
}

const order = JSON.parse(readFileSync(0, 'utf8')) as Order;
const driver = createGitDriver({
  projectDirectory: order.project,
  member: { path: 'core', include: [] },
  otherMembers: [],
  cacheDirectory: order.cache,
  clock: systemClock,
  environment: gitEnvironment,
});
let steps = 0;
await driver.switch(order.placement, {
  undo: order.undo,
  progress() {
    steps += 1;
    if (steps === order.killAt) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(String(steps));
