// A process of its own for the fault matrix: does one operation, and dies by SIGKILL at a given call of its stores, before or after it is
// carried out. Prints how many calls there were when it gets to the end.
// usage: killed-process.ts ROOT OPERATION CALL before|after
import assert from 'node:assert/strict';
import { placeIn } from './fault-place.ts';
import { OPERATIONS, perform } from './fault-stage.ts';

const [root, named, call, phase] = process.argv.slice(2);
const operation = OPERATIONS.find((one) => one === named);
assert(root !== undefined && operation !== undefined);

let calls = 0;
await perform(placeIn(root), operation, {
  signal: new AbortController().signal,
  script(at) {
    calls = Math.max(calls, at.n);
    if (at.n === Number(call) && at.phase === phase) process.kill(process.pid, 'SIGKILL');
    return 'ok';
  },
});
process.stdout.write(`${calls}\n`);
