// A loop of somebody's own, as a program: `node loop-program.ts DIRECTORY UNTIL_TICK`. Its state is an array of each width and words of
// a random generator in JSON. It says `at TICK` when a checkpoint is durable, and at its end the hash of its state.
import { createCheckpointer } from '../index.ts';

const [directory = '', until = ''] = process.argv.slice(2);
const position = new Float64Array(5000);
const hits = new Uint32Array(5000);
let words = { a: 1, b: 2 };

await using checkpointer = await createCheckpointer({
  directory,
  state: () => ({ arrays: { position, hits }, json: words }),
  hash: 'v1',
  stride: 7,
});
const restored = await checkpointer.restore();
if (restored !== undefined) words = restored.json as typeof words;
const from = restored?.tick ?? 0;
process.stdout.write(`from ${from}\n`);
for (let tick = from + 1; tick <= Number(until); tick++) {
  step(tick);
  checkpointer.tick(tick, tick / 10);
  for (const one of checkpointer.poll()) process.stdout.write(`at ${one.tick}\n`);
  // So that what is said is written; the checkpointer itself needs no turn of the loop.
  if (tick % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await checkpointer.checkpoint(Number(until));
process.stdout.write(`${checkpointer.stateHash()}\n`);

function step(tick: number): void {
  for (let index = 0; index < position.length; index++) {
    words.a = Math.imul(words.a ^ (words.a << 13), 5) + 1;
    words.b = (words.b + words.a) | 0;
    const hit = (words.b >>> 0) % position.length;
    hits[hit] = hits[hit]! + 1;
    position[index] = position[index]! * 0.99 + words.a / (tick + 1);
  }
}
