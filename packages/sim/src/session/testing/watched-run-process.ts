// A process that runs a world with checkpoints and a lens until it is killed: `watched-run-process.ts WORLD DIRECTORY LENS UNTIL_TICK WORK
// KILL_AFTER`. It kills itself when so many checkpoints are durable, or its last one, whatever its threads are doing. Without, it says at its
// end what became of it.
import { loadWorld } from '../../world/index.ts';
import { simulate } from '../index.ts';

const [world = '', directory = '', lens = '', until = '', work = '', killAfter = ''] =
  process.argv.slice(2);
let written = 0;
const end = await simulate({
  loaded: await loadWorld(world),
  untilTick: Number(until),
  parameters: { work: Number(work) },
  store: {
    directory,
    beginning: { begin: 'either', runId: 'one' },
    cadence: { strideTicks: 35 },
  },
  lens: { directory: lens, strideTicks: 4, chunkTicks: 60 },
  onEvent: (event) => {
    if (killAfter === '' || event.type !== 'checkpoint:written') return;
    written += 1;
    if (written >= Number(killAfter) || event.tick === Number(until))
      process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(
  `${JSON.stringify({ stateHash: end.stateHash, lensDirectory: end.lens?.directory })}\n`,
);
