// What documents cost that are bytes already: beside objects and strings given to `pg`, and objects given to postgres.js. Each way in a
// process of its own, in turn, on one server that syncs its commits; medians of the rounds.
import {
  startServer,
  type TestServer,
} from '../../packages/persistence/src/database/testing/index.ts';
import { atLeast, atMost, metricOf, type Judged, type Metric } from '../metric.ts';
import { startSide, type Side } from '../side.ts';
import { largest, median } from '../statistics.ts';
import type { Words } from './document.ts';
import type { Cost, SideName, SideTask } from './side-process.ts';

const program = new URL('./side-process.ts', import.meta.url);

interface Options {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

interface Size {
  readonly name: string;
  readonly bytes: number;
  readonly words: Words;
  /** Documents in a round. */
  readonly count: number;
}

const sizes: readonly Size[] = [
  { name: '1kb', bytes: 1000, words: 'mixed', count: 400 },
  { name: '100kb', bytes: 100_000, words: 'mixed', count: 60 },
  { name: '5mb', bytes: 5_000_000, words: 'mixed', count: 8 },
  { name: '5mb.ascii', bytes: 5_000_000, words: 'ascii', count: 8 },
];
const sides = ['bytes', 'string', 'object', 'double', 'encoded', 'postgres.js'] as const;
const bulkSides = ['copy', 'single'] as const;
const ROUNDS = 9;
const BULK_ROWS = 20_000;
/** A log that has been in use for a while: its files are written again, not made. The tests' clusters have small ones. */
const usedLog = { wal_buffers: '16MB', min_wal_size: '1GB', max_wal_size: '4GB' };
/** As state documents are kept on this server, which has no lz4. */
const TABLE = `DROP TABLE IF EXISTS docs;
  CREATE TABLE docs (doc jsonb); ALTER TABLE docs ALTER doc SET STORAGE EXTERNAL`;

/** Of one document: medians over the rounds. */
type Costs = Readonly<Record<SideName, Cost>>;

export async function benchmarkJsonb({ quick, signal, say }: Options): Promise<readonly Metric[]> {
  await using server = await startServer('embedded-18', {
    settings: { fsync: 'on', shared_buffers: '256MB', ...usedLog },
  });
  const measured: Record<string, Costs> = {};
  for (const size of sizes) {
    const one = quick ? { ...size, count: Math.ceil(size.count / 4) } : size;
    const options = { server, signal, say, rounds: quick ? 2 : ROUNDS };
    measured[size.name] = await measure(options, sides, one);
  }
  const bulk: Size = {
    name: 'bulk',
    bytes: 1000,
    words: 'mixed',
    count: quick ? BULK_ROWS / 4 : BULK_ROWS,
  };
  const bulkOptions = { server, signal, say, rounds: quick ? 3 : 5 };
  const rows = await measure(bulkOptions, bulkSides, bulk);
  return report(measured, rows);
}

interface Measuring {
  readonly server: TestServer;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly rounds: number;
}

async function measure(
  { server, signal, say, rounds }: Measuring,
  names: readonly SideName[],
  { name, bytes, words, count }: Size,
): Promise<Costs> {
  await using cleanup = new AsyncDisposableStack();
  const url = server.url('postgres');
  await server.admin(TABLE);
  const open = new Map<SideName, Side<number, Cost>>();
  for (const side of names) {
    const task: SideTask = { side, url, sizeBytes: bytes, words };
    open.set(side, cleanup.use(await startSide<number, Cost>(program, JSON.stringify(task))));
  }
  const found = new Map<SideName, Cost[]>(names.map((side) => [side, []]));
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      signal.throwIfAborted();
      const side = names[(turn + round) % names.length]!;
      await server.admin('TRUNCATE docs; CHECKPOINT');
      const cost = await open.get(side)!.ask(count);
      if (round > 0) found.get(side)!.push(cost);
    }
    say(`${name}: round ${round} of ${rounds}`);
  }
  const medianOf = (costs: readonly Cost[], of: (cost: Cost) => number): number =>
    median(costs.map(of)) / count;
  return Object.fromEntries(
    names.map((side) => {
      const costs = found.get(side)!;
      const hasServer = costs.every(({ serverMs }) => serverMs !== undefined);
      return [
        side,
        {
          wallMs: medianOf(costs, ({ wallMs }) => wallMs),
          clientMs: medianOf(costs, ({ clientMs }) => clientMs),
          serverMs: hasServer ? medianOf(costs, ({ serverMs = 0 }) => serverMs) : undefined,
        },
      ];
    }),
  ) as unknown as Costs;
}

function report(measured: Readonly<Record<string, Costs>>, bulk: Costs): readonly Metric[] {
  // Of both kinds of text, the one that is worse for us.
  const large = [measured['5mb']!, measured['5mb.ascii']!];
  const cpu = (other: SideName): number =>
    largest(large.map((costs) => costs.bytes.clientMs / costs[other].clientMs));
  const speedUp = bulk.single.wallMs / bulk.copy.wallMs;
  const ratio = (metric: string, value: number, judged: Judged): Metric =>
    metricOf([metric, value, 'ratio'], { judged });
  return [
    ratio('jsonb.cpu.object', cpu('object'), atMost(0.25, cpu('object'))),
    ratio('jsonb.cpu.double', cpu('double'), atMost(0.1, cpu('double'))),
    ...Object.entries(measured)
      .toReversed()
      .map(([size, costs]) => wallLine(size, costs)),
    ratio('jsonb.bulk', speedUp, atLeast(8, speedUp)),
    ...bulkSides.map((side) =>
      metricOf([`jsonb.bulk.${side}`, 1000 / bulk[side].wallMs, 'rows/s']),
    ),
    ...bulkSides.map((side) =>
      metricOf([`jsonb.bulk.${side}.server`, bulk[side].serverMs ?? Number.NaN, 'ms']),
    ),
    ...Object.entries(measured).flatMap(([size, costs]) => explain(size, costs)),
  ];
}

function wallLine(size: string, { bytes, string }: Costs): Metric {
  const value = bytes.wallMs / string.wallMs;
  const ok = value <= 1.05 || bytes.wallMs - string.wallMs <= 3;
  const name = size === '5mb' ? 'jsonb.wall.string' : `jsonb.wall.string.${size}`;
  return metricOf([name, value, 'ratio'], { judged: { target: '<= 1.05 or 3 ms', ok } });
}

/** Ours beside each way, and the server's share of all that was computed. */
function explain(size: string, costs: Costs): readonly Metric[] {
  const { bytes } = costs;
  const lines = sides
    .filter((side) => side !== 'bytes')
    .flatMap((side) => [
      metricOf([`jsonb.${size}.client.${side}`, bytes.clientMs, 'ms'], {
        peer: { name: side, value: costs[side].clientMs },
      }),
      metricOf([`jsonb.${size}.wall.${side}`, bytes.wallMs, 'ms'], {
        peer: { name: side, value: costs[side].wallMs },
      }),
    ]);
  const shares = sides.flatMap((side) => {
    const { serverMs, clientMs } = costs[side];
    return serverMs === undefined
      ? []
      : [metricOf([`jsonb.${size}.server.${side}`, serverMs / (serverMs + clientMs), 'ratio'])];
  });
  return [...lines, ...shares];
}
