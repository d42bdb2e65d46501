// A loop of somebody's own with checkpoints and a lens: `node captured-loop-program.ts DIRECTORY UNTIL_TICK [SAMPLES STRIDE]`. Points that
// come and go. It says `at TICK` when a checkpoint is durable, and at its end how many frames were dropped and the hash of its state.
import path from 'node:path';
import { createLensCapture, type LensCapture } from '../../lens/capture/index.ts';
import { createCheckpointer } from '../index.ts';

const [directory = '', until = '', samples = '500', stride = '3'] = process.argv.slice(2);
const heat = new Float64Array(Number(samples));
const place = new Float64Array(Number(samples) * 2);
let word = 1;
let capture: LensCapture | undefined;

await using checkpointer = await createCheckpointer({
  directory: path.join(directory, 'runs'),
  runId: 'loop',
  state: () => ({ arrays: { heat, place }, json: { word } }),
  hash: 'v1',
  stride: 20,
  lens: () => capture,
});
const restored = await checkpointer.restore();
if (restored !== undefined) ({ word } = restored.json as { word: number });
const from = restored?.tick ?? 0;
const points = { kind: 'points', positions: 'place' } as const;
capture = await createLensCapture({
  directory: path.join(directory, 'lens', 'loop'),
  runId: 'loop',
  world: 'loop',
  fields: [
    {
      name: 'heat',
      unit: 'K',
      components: [],
      topology: points,
      reconstruction: 'idw',
      precision: { type: 'float64', bits: 20 },
    },
  ],
  chunkTicks: 50,
  // Killed before its first checkpoint it begins again, and so does its lens.
  resumedTick: from === 0 ? -1 : from,
});
for (let tick = from + 1; tick <= Number(until); tick += 1) {
  step(tick);
  if (tick % Number(stride) === 0) {
    const count = 1 + ((word >>> 8) % heat.length);
    const values = heat.subarray(0, count);
    const positions = place.subarray(0, 2 * count);
    const fields = new Map([['heat', { count, values, positions }]]);
    capture.offer({ tick, simTimeSeconds: tick / 10, fields });
  }
  checkpointer.tick(tick, tick / 10);
  for (const one of checkpointer.poll()) process.stdout.write(`at ${one.tick}\n`);
  // So that what is said is written, and a disk that is slower than the loop catches up.
  if (tick % 10 === 0) await capture.drain();
}
await capture.close();
process.stdout.write(`${capture.dropped} ${checkpointer.stateHash()}\n`);

function step(tick: number): void {
  for (let index = 0; index < heat.length; index += 1) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) | 0;
    heat[index] = heat[index]! * 0.9 + word / (tick + 1);
    if (tick % 7 === 0) place[2 * index] = word / 1e6;
  }
}
