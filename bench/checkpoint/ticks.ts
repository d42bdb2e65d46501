// What checkpoints cost a world's ticks: a diffusion on a grid, stepped with a checkpoint every 20 ticks and without, in turn, in one
// process. Both go on from the state that the other left.
import { openRunDirectory } from '../../packages/sim/src/directory/index.ts';
import { createCheckpointWriter } from '../../packages/sim/src/checkpoint/index.ts';
import { offerOf } from '../../packages/sim/src/runner/offer.ts';
import { startRun } from '../../packages/sim/src/runner/index.ts';
import type { Run } from '../../packages/sim/src/runner/contract.ts';
import { defineWorld } from '../../packages/sim/src/world/index.ts';
import { digestOf } from '@stillpoint/core';
import { setImmediate } from 'node:timers/promises';
import { atMost, metricOf, type Metric } from '../metric.ts';
import type { Place } from '../place.ts';
import { largest, median } from '../statistics.ts';

const ROWS = 600;
const COLUMNS = 1000;
const EVERY = 20;

const diffusion = defineWorld({
  name: 'diffusion',
  signals: { temperature: { shape: [ROWS, COLUMNS] } },
  strata: {
    heat: {
      rewrites: ['temperature'],
      step({ previous: { temperature: from }, current: { temperature: to } }) {
        for (let row = 0; row < ROWS; row += 1) {
          const up = (row === 0 ? 0 : row - 1) * COLUMNS;
          const here = row * COLUMNS;
          const down = (row === ROWS - 1 ? row : row + 1) * COLUMNS;
          for (let column = 0; column < COLUMNS; column += 1) {
            const left = column === 0 ? column : column - 1;
            const right = column === COLUMNS - 1 ? column : column + 1;
            const around =
              from[up + column]! + from[down + column]! + from[here + left]! + from[here + right]!;
            to[here + column] = from[here + column]! + 0.2 * (around - 4 * from[here + column]!);
          }
        }
      },
    },
  },
  init({ current: { temperature } }) {
    for (let at = 0; at < temperature.length; at += 1) temperature[at] = Math.sin(at * at);
  },
});

interface Segment {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function measureTicks(place: Place, quick: boolean): Promise<readonly Metric[]> {
  const rounds = quick ? 3 : 9;
  const ticks = quick ? 400 : 2000;
  const run = startRun({ world: diffusion });
  await using stack = new AsyncDisposableStack();
  const create = {
    world: { name: 'diffusion', hash: digestOf(Buffer.from('diffusion')) },
    seed: run.seed,
    parameters: run.parameters,
    lineage: null,
    createdAt: new Date(0).toISOString(),
  };
  const options = { directory: place.directory, runId: 'ticks', create };
  const directory = stack.use(await openRunDirectory(options));
  const writer = createCheckpointWriter({ runDirectory: directory.path, keep: 2 });
  stack.defer(() => writer.close());
  const handOffMs: number[] = [];
  const checkpoint = (): void => {
    for (const one of writer.poll()) if (one.outcome === 'failed') throw one.error;
    if (run.tick % EVERY !== 0) return;
    const from = performance.now();
    const pair = run.hold();
    if (pair === undefined) return;
    const offer = offerOf({ run, pair, label, createdAt: new Date(), stateHash: null });
    if (!writer.offer(offer)) pair.release();
    handOffMs.push(performance.now() - from);
  };
  segment(run, ticks, checkpoint);
  const ratios = { p50: [] as number[], p99: [] as number[] };
  const withMs: Segment[] = [];
  const withoutMs: Segment[] = [];
  for (let round = 0; round < rounds; round += 1) {
    place.signal.throwIfAborted();
    const measure = {
      with: () => void withMs.push(segment(run, ticks, checkpoint)),
      without: () => void withoutMs.push(segment(run, ticks, () => {})),
    };
    const order = round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const);
    for (const side of order) {
      measure[side]();
      // What one side began is not paid by the other.
      await writer.drain();
      await setImmediate();
    }
    ratios.p50.push(withMs.at(-1)!.p50Ms / withoutMs.at(-1)!.p50Ms);
    ratios.p99.push(withMs.at(-1)!.p99Ms / withoutMs.at(-1)!.p99Ms);
    place.say(`ticks, round ${round + 1}: p50 ${ratios.p50.at(-1)?.toFixed(3)}`);
  }
  const [p50, p99, handOff] = [median(ratios.p50), median(ratios.p99), median(handOffMs)];
  const beside = (name: string, of: (one: Segment) => number): Metric =>
    metricOf([name, median(withMs.map(of)), 'ms'], {
      peer: { name: 'without checkpoints', value: median(withoutMs.map(of)) },
    });
  return [
    metricOf(['checkpoint.rotated', handOff, 'ms'], { judged: atMost(0.5, handOff) }),
    metricOf(['checkpoint.rotated.max', largest(handOffMs), 'ms'], {}),
    metricOf(['checkpoint.tick.p50', p50, 'ratio'], { judged: atMost(1.05, p50) }),
    metricOf(['checkpoint.tick.p99', p99, 'ratio'], { judged: atMost(2, p99) }),
    beside('checkpoint.tick.p50.ms', ({ p50Ms }) => p50Ms),
    beside('checkpoint.tick.p99.ms', ({ p99Ms }) => p99Ms),
    metricOf(['checkpoint.tick.taken', handOffMs.length, 'checkpoints'], {}),
  ];
}

const hash = digestOf(Buffer.from('diffusion'));
const label = {
  runId: 'ticks',
  identity: {
    name: 'diffusion',
    hash,
    parts: { ir: hash, entries: {}, bundle: null, modules: {}, assets: {}, packages: {} },
  },
};

/** A tick's time is that of the step and of what is done for checkpoints after it. */
function segment(run: Run, ticks: number, after: () => void): Segment {
  const times = new Float64Array(ticks);
  for (let tick = 0; tick < ticks; tick += 1) {
    const from = performance.now();
    run.step();
    after();
    times[tick] = performance.now() - from;
  }
  times.sort();
  return {
    p50Ms: times[Math.floor(ticks * 0.5)]!,
    p99Ms: times[Math.floor(ticks * 0.99)]!,
  };
}
