// What files are like: how much quicker one section is read than all, and how few bytes an incremental checkpoint takes.
import { createCheckpointer } from '../../packages/sim/src/own-loop/index.ts';
import { openCheckpoint } from '../../packages/sim/src/checkpoint/index.ts';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { atLeast, atMost, metricOf, type Metric } from '../metric.ts';
import { timed, type Place } from '../place.ts';
import { median } from '../statistics.ts';
import { arraysOf, bytesOf, changePages } from './state.ts';

const SECTION_BYTES = 4_000_000;

export async function measureSection(place: Place, bytes: number): Promise<readonly Metric[]> {
  const count = Math.round(bytes / SECTION_BYTES);
  const arrays = Object.fromEntries(
    Array.from({ length: count }, (_, number) => [
      `part${number}`,
      new Float64Array(SECTION_BYTES / 8).map((_, at) => Math.sin(at + number)),
    ]),
  );
  await using checkpointer = await createCheckpointer({
    directory: path.join(place.directory, 'sections'),
    state: () => ({ arrays }),
    hash: { code: 1 },
    slots: 1,
  });
  const { file } = await checkpointer.checkpoint(1);
  const oneMs: number[] = [];
  const allMs: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    place.signal.throwIfAborted();
    // Ever another, and several times: what all of them leave to be collected is not paid by the one that comes next.
    for (let part = 0; part < 5; part += 1) {
      const one = await timed(async () => {
        await using checkpoint = await openCheckpoint(file);
        const at = Math.floor((checkpoint.sections.length * (part + 0.5)) / 5);
        return await checkpoint.read(checkpoint.sections[at]!.name);
      });
      oneMs.push(one.ms);
    }
    const all = await timed(async () => {
      await using checkpoint = await openCheckpoint(file);
      for (const { name } of checkpoint.sections) await checkpoint.read(name);
    });
    allMs.push(all.ms);
  }
  const ratio = median(allMs) / median(oneMs);
  place.say(`one section: ${median(oneMs).toFixed(1)} ms, all: ${median(allMs).toFixed(0)} ms`);
  return [
    metricOf(['checkpoint.section', ratio, 'ratio'], { judged: atLeast(50, ratio) }),
    metricOf(['checkpoint.section.ms', median(oneMs), 'ms'], {
      peer: { name: 'all sections', value: median(allMs) },
    }),
  ];
}

export async function measureIncremental(place: Place, bytes: number): Promise<readonly Metric[]> {
  const arrays = arraysOf(bytes);
  await using checkpointer = await createCheckpointer({
    directory: path.join(place.directory, 'incremental'),
    state: () => ({ arrays }),
    hash: { code: 1 },
    fullEvery: 10,
  });
  const sizeOf = async (tick: number): Promise<number> =>
    (await stat((await checkpointer.checkpoint(tick)).file)).size;
  const whole = await sizeOf(1);
  changePages(arrays, 0.05);
  const incremental = await sizeOf(2);
  const ratio = incremental / whole;
  return [
    metricOf(['checkpoint.incremental.bytes', ratio, 'ratio'], { judged: atMost(0.15, ratio) }),
    metricOf(['checkpoint.incremental.size', incremental / 1e6, 'MB'], {
      peer: { name: 'whole', value: whole / 1e6 },
    }),
    metricOf(['checkpoint.compression', bytesOf(arrays) / whole, 'ratio'], {}),
  ];
}
