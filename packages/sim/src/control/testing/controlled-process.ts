// A process with a loop that can be controlled, for the tests: ticks of a millisecond, checkpoints that are files of a few bytes. Speaks
// one line of JSON when it is ready and one at its end.
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ControlledRun, ControlOptions } from '../contract.ts';
import { startControl } from '../index.ts';

export interface ControlledArguments extends ControlOptions {
  /** A loop that never turns the event loop, as loops of users may be. */
  readonly synchronous: boolean;
  /** Every checkpoint is refused, as with all slots taken; or fails. */
  readonly checkpoints?: 'dropped' | 'failed';
  /** While it is there a tick does not end. */
  readonly busyFile?: string;
}

const options = JSON.parse(process.argv[2] ?? '') as ControlledArguments;
const control = await startControl(options);
const tickMs = 1;
let tick = 0;
let stride = 0;
let dropped = 0;
let stopped = false;
let last: { readonly tick: number; readonly file: string } | undefined;
const writing: { tick: number; file: string }[] = [];
const run: ControlledRun = {
  offerCheckpoint() {
    if (options.checkpoints === 'dropped') {
      dropped += 1;
      control.tellDropped(dropped);
      return undefined;
    }
    const offered = { tick, file: path.join(options.runDirectory, `checkpoint_${tick}.ckpt`) };
    if (writing.every((one) => one.tick !== tick)) writing.push(offered);
    return offered;
  },
  setStride(ticks) {
    stride = ticks;
  },
  stop() {
    stopped = true;
  },
  collect() {
    for (const one of writing.splice(0)) {
      if (options.checkpoints === 'failed') {
        const error = new Error('no space left on device');
        control.settle({ outcome: 'failed', tick: one.tick, error });
        continue;
      }
      writeFileSync(`${one.file}.tmp`, String(one.tick));
      renameSync(`${one.file}.tmp`, one.file);
      last = one;
      const bytes = String(one.tick).length;
      control.settle({ outcome: 'written', ...one, bytes, full: true, durationMs: 0 });
    }
  },
};

const write = (what: object): void => writeFileSync(1, `${JSON.stringify(what)}\n`);
write({ socket: control.socket });
const pause = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  if (stopped) break;
  tick += 1;
  do Atomics.wait(pause, 0, 0, tickMs);
  while (options.busyFile !== undefined && existsSync(options.busyFile));
  control.tell(tick, tick / 10);
  if (stride > 0 && tick % stride === 0) run.offerCheckpoint();
  run.collect();
  if (control.poll(run) === 'held') {
    if (options.synchronous) control.hold(run);
    else await control.untilReleased(run);
  }
  if (!options.synchronous) await setImmediate();
}
run.offerCheckpoint();
run.collect();
await control.close(last);
write({ tick });
