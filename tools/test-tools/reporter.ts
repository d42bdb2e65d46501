// What a run of all tests prints: one line a file, each skip with its reason, each failure in full, the files that took longest,
// and node's own summary lines at the end, which other programs read.
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import path from 'node:path';

const SLOWEST = 12;

interface Timed {
  readonly file: string;
  readonly durationMs: number;
}

/** Every event of node's test runner, as text. */
export async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
  const files: Timed[] = [];
  for await (const event of events) {
    if (event.type === 'test:pass') {
      const { name, skip, file, details } = event.data;
      if (details.type === 'suite') continue;
      if (skip === undefined || skip === false) continue;
      yield `skipped  ${nameOf(file)}: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}\n`;
    } else if (event.type === 'test:fail') {
      const { name, file, details, line } = event.data;
      // A parent fails because its children did, and they have spoken.
      if ('failureType' in details.error && details.error.failureType === 'subtestsFailed')
        continue;
      const text = `FAILED   ${nameOf(file)}:${line ?? ''}: ${name}\n${inspect(details.error.cause ?? details.error)}\n`;
      failures.push(text);
      yield text;
    } else if (event.type === 'test:diagnostic') {
      // The totals come without a nesting file; what a test said comes with one.
      if (event.data.file !== undefined)
        yield `note     ${nameOf(event.data.file)}: ${event.data.message}\n`;
    } else if (event.type === 'test:stderr' || event.type === 'test:stdout') {
      yield event.data.message;
    } else if (event.type === 'test:summary') {
      const { file, counts, duration_ms: durationMs, success } = event.data;
      if (file !== undefined) {
        files.push({ file, durationMs });
        yield fileLine(file, counts, durationMs, success);
      } else {
        yield* slowest(files);
        yield* totals(counts, durationMs, success, failures);
      }
    }
  }
}

type Counts = Extract<TestEvent, { type: 'test:summary' }>['data']['counts'];

/** From the summary of the file's own process: a shared suite's tests are said to be in the suite's file. */
function fileLine(file: string, counts: Counts, durationMs: number, success: boolean): string {
  const failures = failed(counts);
  // All tests may have passed, and an error that belongs to none of them fails the file.
  const verdict = success ? 'ok' : 'FAILED';
  const skippedText = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const failedText = failures > 0 ? `, ${failures} failed` : '';
  return `${verdict.padEnd(9)}${nameOf(file)}: ${counts.passed} passed${failedText}${skippedText} (${seconds(durationMs)})\n`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/** Where to begin when the whole takes too long. */
function* slowest(files: readonly Timed[]): Iterable<string> {
  if (files.length <= SLOWEST) return;
  const sorted = files.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST);
  yield `\nThe ${SLOWEST} slowest of ${files.length} files:\n`;
  for (const { file, durationMs } of sorted)
    yield `${seconds(durationMs).padStart(8)}  ${nameOf(file)}\n`;
}

function failed({ tests, passed, skipped, todo, cancelled }: Counts): number {
  return tests - passed - skipped - todo - cancelled;
}

function* totals(
  counts: Counts,
  durationMs: number,
  success: boolean,
  failures: readonly string[],
): Iterable<string> {
  if (failures.length > 0) yield `\n${failures.length} failed, once more:\n${failures.join('')}`;
  if (!success && failures.length === 0)
    yield '\nThe run failed although no test did: see above.\n';
  yield '\n';
  const lines: readonly (readonly [string, number])[] = [
    ['tests', counts.tests],
    ['suites', counts.suites],
    ['pass', counts.passed],
    ['fail', failed(counts)],
    ['cancelled', counts.cancelled],
    ['skipped', counts.skipped],
    ['todo', counts.todo],
    ['duration_ms', durationMs],
  ];
  for (const [name, value] of lines) yield `# ${name} ${value}\n`;
}

function nameOf(file: string | undefined): string {
  return file === undefined ? '' : path.relative(process.cwd(), file);
}
