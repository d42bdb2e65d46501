// Switches to a placement and kills itself, without any chance to tidy up, when it is about to take step `killAt`. The crash
// test runs it; without killAt it goes through to the end and prints how many steps there were.
import { readFileSync } from 'node:fs';
import { newSnapshotId, systemClock, type Json } from '@stillpoint/core';
import type { FilesDriverOptions } from '../context.ts';
import { createFilesDriver } from '../driver.ts';

interface Order {
  readonly options: Omit<FilesDriverOptions, 'clock'>;
  readonly placement: Json;
  readonly killAt: number | null;
}

const order = JSON.parse(readFileSync(0, 'utf8')) as Order;
const driver = createFilesDriver({ ...order.options, clock: systemClock });
let steps = 0;
await driver.switch(order.placement, {
  undo: newSnapshotId(),
  progress() {
    steps += 1;
    if (steps === order.killAt) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(String(steps));
