// A process that writes checkpoints of a run until it is killed, each of whose numbers follow from its tick, and says what became of them.
// usage: writing-process.ts DIRECTORY RUN NUMBERS FIRST-TICK [LAST-TICK]
import { openRunDirectory } from '../../directory/index.ts';
import { runFacts } from '../../directory/testing/run-facts.ts';
import { createCheckpointWriter } from '../index.ts';
import { fillByTick, writtenShapes } from './by-tick.ts';
import { factsOf, stateOf } from './states.ts';

const [directory = '', runId = '', numbers = '0', first = '1', last = 'Infinity'] =
  process.argv.slice(2);
const create = first === '1' ? { create: runFacts } : {};
await using run = await openRunDirectory({ directory, runId, ...create });
const writer = createCheckpointWriter({ runDirectory: run.path, keep: 4, fullEvery: 3 });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

for (let tick = Number(first); tick <= Number(last); tick += 1) {
  const state = stateOf(writtenShapes(Number(numbers)));
  fillByTick(state, tick);
  say(`offered ${tick}`);
  writer.offer({ facts: factsOf(tick, { runId }), sections: state.sections, release: () => {} });
  for (const one of await writer.drain()) {
    if (one.outcome === 'written') say(`written ${one.tick} ${one.bytes}`);
    else say(`failed ${String(one.error)}`);
  }
}
await writer.close();
