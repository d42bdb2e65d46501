// Frames to files and back: ours beside zarrita and h5wasm, in turn, each in a process of its own.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { atLeast, metricOf, type Metric } from '../metric.ts';
import { settleDisk, type Place } from '../place.ts';
import { startSide, type Side } from '../side.ts';
import { largest, median } from '../statistics.ts';
import {
  sideNames,
  type ReadTimes,
  type SideAnswer,
  type SideName,
  type SideOrder,
  type WriteCost,
} from './contract.ts';
import { fieldNames, FRAME_BYTES, writeFrames } from './frames.ts';

type SideProcess = Side<SideOrder, SideAnswer>;

const program = new URL('./side-process.ts', import.meta.url);

const PEERS: Readonly<Record<Exclude<SideName, 'ours'>, string>> = {
  zarrita: 'zarrita, shuffle and zstd',
  h5gzip: 'h5wasm, gzip-1',
  h5none: 'h5wasm, nothing compressed',
};
const peerNames = Object.keys(PEERS) as (keyof typeof PEERS)[];

interface Measured {
  readonly written: Readonly<Record<SideName, WriteCost[]>>;
  readonly read: Readonly<Record<SideName, ReadTimes[]>>;
  readonly sizeBytes: Record<SideName, number>;
  readonly peakBytes: Record<SideName, number>;
}

export async function measureFiles(place: Place, quick: boolean): Promise<readonly Metric[]> {
  const count = quick ? 128 : 500;
  const rounds = quick ? 3 : 7;
  const raw = path.join(place.directory, 'frames');
  await writeFrames(raw, count);
  await using stack = new AsyncDisposableStack();
  const processes = new Map<SideName, SideProcess>();
  for (const side of sideNames)
    processes.set(side, stack.use(await startSide<SideOrder, SideAnswer>(program, side, raw)));
  const measured = nothingYet();
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < sideNames.length; turn += 1) {
      place.signal.throwIfAborted();
      const side = sideNames[(turn + round) % sideNames.length]!;
      await turnOf(
        place,
        side,
        processes.get(side)!,
        round > 0 ? measured : nothingYet(),
        measured,
      );
    }
    const last = sideNames.map(
      (side) => `${side} ${measured.written[side].at(-1)?.wallMs.toFixed(0) ?? '-'} ms`,
    );
    place.say(`write and read, round ${round} of ${rounds}: ${last.join(', ')}`);
  }
  return report(measured, count * FRAME_BYTES);
}

function nothingYet(): Measured {
  const each = <T>(make: () => T): Record<SideName, T> =>
    Object.fromEntries(sideNames.map((side) => [side, make()])) as Record<SideName, T>;
  return {
    written: each((): WriteCost[] => []),
    read: each((): ReadTimes[] => []),
    sizeBytes: each(() => 0),
    peakBytes: each(() => 0),
  };
}

async function turnOf(
  place: Place,
  side: SideName,
  process: SideProcess,
  counted: Measured,
  facts: Measured,
): Promise<void> {
  const directory = path.join(place.directory, side);
  await mkdir(directory);
  await settleDisk();
  const { write } = await process.ask({ type: 'write', directory });
  counted.written[side].push(write!);
  facts.sizeBytes[side] = await treeBytes(directory);
  const { read, peakBytes } = await process.ask({ type: 'read', directory });
  counted.read[side].push(read!);
  facts.peakBytes[side] = peakBytes;
  await rm(directory, { recursive: true });
}

async function treeBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
  return bytes;
}

function report(
  { written, read, sizeBytes, peakBytes }: Measured,
  rawBytes: number,
): readonly Metric[] {
  const ratios = (of: (side: SideName, round: number) => number, peer: SideName): number =>
    median(written.ours.map((_, round) => of(peer, round) / of('ours', round)));
  const wall = (side: SideName, round: number): number => written[side][round]!.wallMs;
  const tick =
    (field: (typeof fieldNames)[number]) =>
    (side: SideName, round: number): number =>
      read[side][round]!.tickMs[field];
  const series =
    (field: (typeof fieldNames)[number]) =>
    (side: SideName, round: number): number =>
      read[side][round]!.seriesMs[field];
  /** Of both fields, the one that is worse for us. */
  const worse = (of: typeof tick): number =>
    -largest(fieldNames.map((field) => -ratios(of(field), 'zarrita')));
  const judged = (metric: string, value: number, target: number): Metric =>
    metricOf([metric, value, 'ratio'], { judged: atLeast(target, value) });
  const beside = (
    metric: string,
    unit: string,
    of: (side: SideName) => number,
  ): readonly Metric[] =>
    peerNames.map((peer) =>
      metricOf([metric, of('ours'), unit], { peer: { name: PEERS[peer], value: of(peer) } }),
    );
  const medianOf = (side: SideName, of: (side: SideName, round: number) => number): number =>
    median(written[side].map((_, round) => of(side, round)));
  return [
    judged('lens.write.zarrita', ratios(wall, 'zarrita'), 1.8),
    judged('lens.write.h5gzip', ratios(wall, 'h5gzip'), 5),
    judged('lens.read.tick', worse(tick), 2),
    judged('lens.read.series', worse(series), 2),
    ...beside('lens.write.speed', 'MB/s', (side) => rawBytes / 1e3 / medianOf(side, wall)),
    ...beside('lens.write.cpu', 'ms', (side) => median(written[side].map(({ cpuMs }) => cpuMs))),
    ...fieldNames.flatMap((field) => [
      ...beside(`lens.read.tick.${field}`, 'ms', (side) => medianOf(side, tick(field))),
      ...beside(`lens.read.series.${field}`, 'ms', (side) => medianOf(side, series(field))),
    ]),
    ...beside('lens.read.first', 'ms', (side) => median(read[side].map(({ coldMs }) => coldMs))),
    ...beside('lens.size', 'MB', (side) => sizeBytes[side] / 1e6),
    ...beside('lens.peak', 'MB', (side) => peakBytes[side] / 1e6),
    metricOf(['lens.size.raw', rawBytes / 1e6, 'MB']),
  ];
}
