// How long a loop of one's own stands still for a checkpoint, beside what else would give a copy of its state on the same thread; how
// long until it is durable, beside HDF5; and what memory that takes.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import v8 from 'node:v8';
import { createCheckpointer } from '../../packages/sim/src/own-loop/index.ts';
import { atMost, metricOf, type Metric } from '../metric.ts';
import { run, settleDisk, type Place } from '../place.ts';
import { largest, median } from '../statistics.ts';
import { arraysOf, bytesOf, type Arrays } from './state.ts';

/** As JSON a state takes several times its bytes, in one text: beyond this V8 has none so long. */
const JSON_UP_TO_BYTES = 12e6;

/** What was serialized is kept until it would be written, as our two slots are: memory that is free again at once costs less. */
const KEPT = 2;

interface Sample {
  readonly stallMs: number[];
  readonly serializeMs: number[];
  readonly cloneMs: number[];
  readonly jsonMs: number[];
  readonly durableMs: number[];
  readonly grownBytes: number[];
}

export async function measureStall(
  place: Place,
  label: string,
  bytes: number,
  rounds: number,
): Promise<readonly Metric[]> {
  const arrays = arraysOf(bytes);
  const sample = await sampleOf(place, arrays, rounds, bytes <= JSON_UP_TO_BYTES);
  const hdf5Ms = await measureHdf5(place, arrays, rounds);
  const stallMs = median(sample.stallMs);
  const ratio = stallMs / median(sample.serializeMs);
  const megabytes = bytesOf(arrays) / 1e6;
  const beside = (name: string, peer: string, values: readonly number[]): Metric[] =>
    values.length === 0
      ? []
      : [metricOf([name, stallMs, 'ms'], { peer: { name: peer, value: median(values) } })];
  return [
    metricOf([`checkpoint.stall.${label}`, ratio, 'ratio'], { judged: atMost(0.1667, ratio) }),
    ...beside(`checkpoint.stall.${label}.ms`, 'v8.serialize', sample.serializeMs),
    ...beside(`checkpoint.stall.${label}.ms`, 'structuredClone', sample.cloneMs),
    ...beside(`checkpoint.stall.${label}.ms`, 'structuredClone and JSON', sample.jsonMs),
    metricOf(
      [`checkpoint.durable.${label}`, megabytes / (median(sample.durableMs) / 1e3), 'MB/s'],
      hdf5Ms === undefined
        ? {}
        : { peer: { name: 'h5py, its thread waits', value: megabytes / (hdf5Ms / 1e3) } },
    ),
    metricOf([`checkpoint.memory.${label}`, largest(sample.grownBytes) / 1e6, 'MB'], {}),
  ];
}

async function sampleOf(
  { directory, signal, say }: Place,
  arrays: Arrays,
  rounds: number,
  withJson: boolean,
): Promise<Sample> {
  const sample: Sample = {
    stallMs: [],
    serializeMs: [],
    cloneMs: [],
    jsonMs: [],
    durableMs: [],
    grownBytes: [],
  };
  const checkpoints = path.join(directory, 'checkpoints');
  const kept: Buffer[] = [];
  const timed = (into: number[], work: () => unknown): void => {
    const from = performance.now();
    work();
    into.push(performance.now() - from);
  };
  {
    await using checkpointer = await createCheckpointer({
      directory: checkpoints,
      state: () => ({ arrays }),
      hash: { code: 1 },
      keep: 1,
    });
    for (let round = 0; round <= rounds; round += 1) {
      signal.throwIfAborted();
      const rest = process.memoryUsage.rss();
      timed(sample.stallMs, () => checkpointer.offer(round + 1));
      let peak = 0;
      for (let outcomes = checkpointer.poll(); ; outcomes = checkpointer.poll()) {
        peak = Math.max(peak, process.memoryUsage.rss() - rest);
        const [outcome] = outcomes;
        if (outcome?.outcome === 'failed') throw outcome.error;
        if (outcome !== undefined) {
          sample.durableMs.push(outcome.durationMs);
          break;
        }
        await setImmediate();
      }
      sample.grownBytes.push(peak);
      timed(sample.serializeMs, () => kept.push(v8.serialize(arrays)));
      if (kept.length > KEPT) kept.shift();
      timed(sample.cloneMs, () => structuredClone(arrays));
      if (withJson)
        timed(sample.jsonMs, () =>
          JSON.stringify(
            Object.entries(structuredClone(arrays)).map(([name, one]) => [name, Array.from(one)]),
          ),
        );
    }
  }
  await rm(checkpoints, { recursive: true });
  // The first round warms up.
  for (const values of Object.values(sample) as number[][]) values.shift();
  const stall = median(sample.stallMs).toFixed(2);
  say(`${(bytesOf(arrays) / 1e6).toFixed(0)} MB: ${stall} ms of stall`);
  return sample;
}

/** Undefined where Debian's h5py is not there. */
async function measureHdf5(
  { directory, signal, say }: Place,
  arrays: Arrays,
  rounds: number,
): Promise<number | undefined> {
  const raw = path.join(directory, 'raw');
  const [first] = Object.values(arrays);
  if (first === undefined) return undefined;
  await writeFile(raw, Object.values(arrays));
  await settleDisk();
  const program = path.join(import.meta.dirname, 'write_h5.py');
  const out = path.join(directory, 'out.h5');
  const args = [program, raw, out, String(first.byteLength), String(rounds)];
  try {
    const printed = await run('/usr/bin/python3', args, { signal });
    return median(printed.trim().split('\n').map(Number));
  } catch (error) {
    signal.throwIfAborted();
    if (!/h5py|ENOENT/.test(String(error))) throw error;
    say('h5py is missing: apt-get install python3-h5py');
    return undefined;
  } finally {
    await rm(raw, { force: true });
    await rm(out, { force: true });
  }
}
