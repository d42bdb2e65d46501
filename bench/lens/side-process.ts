// One side, in a process of its own: its memory and its threads are nobody else's. It holds the frames, and does what it is told.
import { readFrames, fieldNames, type FieldName } from './frames.ts';
import type {
  OpenedSide,
  ReadTimes,
  Side,
  SideAnswer,
  SideName,
  SideOrder,
  WriteCost,
} from './contract.ts';
import { hdf5Side } from './hdf5-side.ts';
import { ours } from './ours.ts';
import { median } from '../statistics.ts';
import { CHUNK_FRAMES, zarritaSide } from './zarrita-side.ts';
import { CELLS } from './weather.ts';

const [name, file] = process.argv.slice(2) as [SideName, string];
const sides: Readonly<Record<SideName, Side>> = {
  ours,
  zarrita: zarritaSide,
  h5gzip: hdf5Side('gzip'),
  h5none: hdf5Side('none'),
};
const side = sides[name];
const frames = await readFrames(file);

async function write(directory: string): Promise<WriteCost> {
  const write = await side.writer(frames, directory);
  const from = performance.now();
  const before = process.cpuUsage();
  await write();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: performance.now() - from, cpuMs: (user + system) / 1000 };
}

/** Each in another chunk of every side: nobody is asked for what it has just unpacked. */
function scatteredFrames(): readonly number[] {
  const chunks = Math.floor(frames.count / CHUNK_FRAMES);
  return Array.from({ length: chunks }, (_, at) => at * CHUNK_FRAMES + ((at * 11) % CHUNK_FRAMES));
}

const scatteredCells = Array.from({ length: 8 }, (_, at) => ((at * 3) % 8) * 1250 + at * 17);

async function read(directory: string): Promise<ReadTimes> {
  const from = performance.now();
  const first = await side.open(directory);
  await first.tick('heat', 0);
  const coldMs = performance.now() - from;
  await first.close();
  const times = {
    tickMs: {} as Record<FieldName, number>,
    seriesMs: {} as Record<FieldName, number>,
  };
  for (const field of fieldNames) {
    times.tickMs[field] = await readEach(
      directory,
      scatteredFrames(),
      (opened, frame) => opened.tick(field, frame),
      (frame) => frames.of(field, frame),
    );
    times.seriesMs[field] = await readEach(
      directory,
      scatteredCells,
      (opened, cell) => opened.series(field, cell),
      (cell) => columnOf(field, cell),
    );
  }
  return { coldMs, ...times };
}

/** The median of one read. Opened anew, so that nothing is kept from before; each answer is held against the frames. */
async function readEach(
  directory: string,
  places: readonly number[],
  ask: (opened: OpenedSide, place: number) => Promise<Float64Array>,
  truth: (place: number) => Float64Array,
): Promise<number> {
  const opened = await side.open(directory);
  const times: number[] = [];
  for (const place of places) {
    const from = performance.now();
    const found = await ask(opened, place);
    times.push(performance.now() - from);
    if (Buffer.compare(bytesOf(found), bytesOf(truth(place))) !== 0)
      throw new Error(`${name} has other numbers at ${place}`);
  }
  await opened.close();
  return median(times);
}

function columnOf(field: FieldName, cell: number): Float64Array {
  const width = frames.of(field, 0).length / CELLS;
  const column = new Float64Array(frames.count * width);
  for (let frame = 0; frame < frames.count; frame += 1)
    column.set(frames.of(field, frame).subarray(cell * width, (cell + 1) * width), frame * width);
  return column;
}

function bytesOf(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

const answer = (one: Omit<SideAnswer, 'peakBytes'>): void =>
  void process.send?.({ ...one, peakBytes: process.resourceUsage().maxRSS * 1024 });

process.on('message', (order: SideOrder) => {
  void (async () => {
    if (order.type === 'write') answer({ write: await write(order.directory) });
    else answer({ read: await read(order.directory) });
  })();
});
answer({});
