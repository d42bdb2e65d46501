// npm test: looks at what the machine has, installs what is missing when it may, and runs every test there is.
//   --soak     the long suites too
//   FILE ...   only these
// A test whose tool is missing says so and is skipped; CI runs as root, where nothing needs to be.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { buildCommand } from './test-tools/built-command.ts';
import { findMissingTools, installTools } from './test-tools/machine.ts';
import { longestFirst, openTimes } from './test-tools/order.ts';
import { report } from './test-tools/reporter.ts';
import { findFiles, ROOT } from './tidy/source-files.ts';

/** One test that hangs must not eat the time of all others. */
const TEST_TIMEOUT_MS = 300_000;
const SOAK_TEST_TIMEOUT_MS = 3_600_000;
/** Most of what they do is to wait: for servers, for processes that are killed, for locks. */
const CONCURRENCY = 5;

const args = process.argv.slice(2);
const soak = args.includes('--soak');
const named = args.filter((arg) => !arg.startsWith('--'));
const files =
  named.length > 0
    ? named
    : findFiles(
        'packages/**/src/**/*.test.ts',
        'tools/**/*.test.ts',
        'test/**/*.test.ts',
        // Those of the daemon are run where `stillpoint new daemon` has written them: packages/stillpoint/src/cli/new.test.ts.
        'examples/*.test.ts',
      );

let missing = findMissingTools();
if (missing.length > 0) missing = await installTools(missing);
for (const tool of missing) {
  console.log(
    `${tool.name} is missing; the tests that need it are skipped. Install it: apt-get install ${tool.packages.join(' ')}`,
  );
}

// The files' processes have our environment.
process.env['NO_COLOR'] = '1';
// Hundreds of processes read the same sources: half of what a short one does is to strip and compile them.
const cache = path.join(ROOT, 'node_modules', '.cache');
process.env['NODE_COMPILE_CACHE'] = path.join(cache, 'compiled');
// To start a program Node copies the tables of its own memory, which are shorter where the pages are large; most of what git's tests
// do is to start git. Of another C library it is not understood.
process.env['GLIBC_TUNABLES'] ??= 'glibc.malloc.hugetlb=1';
if (soak) process.env['STILLPOINT_SOAK'] = '1';
// What many files need alike is made by the first of them: Postgres's programs, which its system user must be able to read.
const shared = mkdtempSync(path.join(tmpdir(), 'stillpoint-tests-'));
chmodSync(shared, 0o755);
process.env['STILLPOINT_TEST_DIRECTORY'] = shared;

// Whoever runs one file is at work on it, and on the sources.
if (named.length === 0) await buildCommand();

const stopped = new AbortController();
let exitStatus = 1;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    exitStatus = 128 + constants.signals[signal];
    stopped.abort();
  });
}
using times = openTimes(path.join(cache, soak ? 'soak-times.json' : 'test-times.json'));
const events = run({
  files: longestFirst(files, times).map((file) => path.resolve(ROOT, file)),
  concurrency: CONCURRENCY,
  // The whole heap is collected for the first time when the old part of it has this many megabytes: most files never come to it, and
  // were collected a dozen times.
  execArgv: [
    `--require=${path.join(ROOT, 'tools/test-tools/preload.ts')}`,
    '--initial-old-space-size=200',
  ],
  timeout: soak ? SOAK_TEST_TIMEOUT_MS : TEST_TIMEOUT_MS,
  signal: stopped.signal,
});
events.on('test:summary', ({ file, success, duration_ms: durationMs }) => {
  if (file !== undefined) times.remember(file, durationMs);
  else if (success && !stopped.signal.aborted) exitStatus = 0;
});
await pipeline(events, report, process.stdout, { end: false });
rmSync(shared, { recursive: true, force: true });
process.exitCode = exitStatus;
