// How long recall takes among many items, and how many of the ten nearest it finds: a scan in the process, pgvector comparing all, and
// pgvector's HNSW index. Embeddings are synthetic clusters. The truth is an exact comparison in this process.
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { installChambers } from '../../packages/persistence/src/chambers/index.ts';
import { openDatabase } from '../../packages/persistence/src/database/index.ts';
import type { Database } from '../../packages/persistence/src/database/contract.ts';
import { startServer } from '../../packages/persistence/src/database/testing/index.ts';
import {
  buildVectorIndex,
  createMemory,
  memoryPart,
  type Memory,
} from '../../packages/persistence/src/memory/index.ts';
import { createClusterEmbedder } from '../../packages/persistence/src/memory/testing/cluster-embedder.ts';
import { createVerbatim, verbatimPart } from '../../packages/persistence/src/verbatim/index.ts';
import { metricOf, type Metric } from '../metric.ts';
import { median } from '../statistics.ts';
import { nearestOf } from './truth.ts';

interface Options {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const DIMENSIONS = 384;
const embedder = createClusterEmbedder(DIMENSIONS, 500);
const TEN = 10;

interface Run extends Options {
  readonly items: number;
  /** Questions, and of each the numbers of its ten nearest. */
  readonly truth: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function benchmarkVectors(options: Options): Promise<readonly Metric[]> {
  const metrics: Metric[] = [];
  for (const items of options.quick ? [1000, 3000] : [10_000, 100_000]) {
    const queries = Array.from(
      { length: options.quick ? 10 : 50 },
      (_, at) => `vector ${10_000_000 + at}`,
    );
    options.say(`${items} items: the truth`);
    const truth = await nearestOf(embedder, items, queries, TEN);
    const run: Run = { ...options, items, truth };
    metrics.push(...(await measureScan(run)), ...(await measurePgvector(run)));
  }
  return metrics;
}

async function measureScan(run: Run): Promise<readonly Metric[]> {
  await using server = await startServer('embedded-18', { settings: { shared_buffers: '256MB' } });
  await using database = await openDatabase({ at: await server.createDatabase() });
  const memory = await openMemory(database, 'scan');
  const loadMs = await load(memory, run);
  const firstMs = await timed(() => memory.recall('vector 1'));
  const { processBytes } = await memory.facts();
  return [
    ...(await measure('scan', memory, run)),
    metricOf([`vectors.scan.${run.items}.load`, loadMs / 1000, 's']),
    metricOf([`vectors.scan.${run.items}.first`, firstMs, 'ms']),
    metricOf([`vectors.scan.${run.items}.memory`, processBytes / 1e6, 'MB']),
  ];
}

/** In PGlite, which is in this process and slower than a server: the one pgvector that every machine has. */
async function measurePgvector(run: Run): Promise<readonly Metric[]> {
  const lite = new PGlite({ extensions: { vector } });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => lite.close());
  await using database = await openDatabase({ at: lite });
  const memory = await openMemory(database, 'pgvector');
  const loadMs = await load(memory, run);
  const exact = await measure('pgvector-exact', memory, run);
  run.say(`${run.items} items: building the HNSW index`);
  const buildMs = await timed(() =>
    buildVectorIndex(database, { embedder, fromItems: 0, signal: run.signal }),
  );
  return [
    ...exact,
    ...(await measure('pgvector-hnsw', memory, run)),
    metricOf([`vectors.pgvector.${run.items}.load`, loadMs / 1000, 's']),
    metricOf([`vectors.pgvector.${run.items}.build`, buildMs / 1000, 's']),
  ];
}

async function openMemory(database: Database, index: 'scan' | 'pgvector'): Promise<Memory> {
  await database.transaction((transaction) =>
    installChambers(transaction, [verbatimPart, memoryPart], database.facts),
  );
  const verbatim = await createVerbatim(database);
  return await createMemory(database, { embedder, verbatim, index });
}

async function load(memory: Memory, { items, signal, say }: Run): Promise<number> {
  say(`${items} items: remembering them`);
  const texts = Array.from({ length: items }, (_, at) => ({ text: `vector ${at}` }));
  return await timed(() => memory.rememberMany(texts, { signal }));
}

async function measure(driver: string, memory: Memory, run: Run): Promise<readonly Metric[]> {
  run.say(`${run.items} items: ${driver}`);
  const times: number[] = [];
  let found = 0;
  for (const [query, nearest] of run.truth) {
    run.signal.throwIfAborted();
    const startedMs = performance.now();
    const recalled = await memory.recall(query, { limit: TEN });
    times.push(performance.now() - startedMs);
    for (const one of recalled) if (one.from === 'memory' && nearest.has(one.item.text)) found += 1;
  }
  return [
    metricOf([`vectors.${driver}.${run.items}.p50`, median(times), 'ms']),
    metricOf([`vectors.${driver}.${run.items}.recall`, found / (run.truth.size * TEN), 'ratio']),
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
