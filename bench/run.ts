// npm run bench -- NAME [--json] [--quick] [--directory DIR]
//   --json       one object a line on stdout, the table on stderr
//   --quick      small sizes, about two minutes: shows that it works, its numbers mean little
//   --directory  where to work; the system's temporary directory unless told
// Progress goes to stderr. A missed target is a line, not an exit status: the status says whether everything was measured.
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { benchmarkCheckpoint } from './checkpoint/benchmark.ts';
import { benchmarkDistant } from './distant/benchmark.ts';
import { benchmarkFreeze } from './freeze/benchmark.ts';
import { benchmarkJsonb } from './jsonb/benchmark.ts';
import { benchmarkLens } from './lens/benchmark.ts';
import { tableOf, type Metric } from './metric.ts';
import { benchmarkMany } from './many/benchmark.ts';
import { benchmarkQueue } from './queue/benchmark.ts';
import { benchmarkSqlite } from './sqlite/benchmark.ts';
import { benchmarkRestore } from './restore/benchmark.ts';
import { benchmarkTraces } from './traces/benchmark.ts';
import { benchmarkVault } from './vault/benchmark.ts';
import { benchmarkVectors } from './vectors/benchmark.ts';

interface Options {
  readonly quick: boolean;
  readonly parent: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const benchmarks: Readonly<Record<string, (options: Options) => Promise<readonly Metric[]>>> = {
  freeze: benchmarkFreeze,
  checkpoint: benchmarkCheckpoint,
  sqlite: benchmarkSqlite,
  restore: benchmarkRestore,
  vault: benchmarkVault,
  many: benchmarkMany,
  jsonb: benchmarkJsonb,
  queue: benchmarkQueue,
  traces: benchmarkTraces,
  vectors: benchmarkVectors,
  distant: benchmarkDistant,
  lens: benchmarkLens,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    directory: { type: 'string', default: tmpdir() },
  },
});

const [name = ''] = positionals;
const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
if (benchmark === undefined || positionals.length > 1) {
  const known = Object.keys(benchmarks).join(', ');
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--quick] [--directory DIR]\nNAME: ${known}\n`,
  );
  process.exit(2);
}

// An interrupted run stops its servers and removes its directories before it ends.
const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
}
const startedMs = performance.now();
const say = (text: string): void => {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0).padStart(5);
  process.stderr.write(`${seconds} s  ${text}\n`);
};

try {
  const metrics = await benchmark({
    quick: values.quick,
    parent: path.resolve(values.directory),
    signal: controller.signal,
    say,
  });
  if (values.json) {
    process.stderr.write(`${tableOf(metrics)}\n`);
    for (const metric of metrics) process.stdout.write(`${JSON.stringify(metric)}\n`);
  } else process.stdout.write(`${tableOf(metrics)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
