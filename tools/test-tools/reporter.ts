// What a run of all tests prints: one line a file, each skip with its reason, each failure in full, and node's own
// summary lines at the end, which other programs read.
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import path from 'node:path';

/** Every event of node's test runner, as text. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failures: string[] = [];
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
      if (file !== undefined) yield fileLine(file, counts, durationMs);
      else yield* totals(counts, durationMs, success, failures);
    }
  }
}

type Counts = Extract<TestEvent, { type: 'test:summary' }>['data']['counts'];

/** From the summary of the file's own process: a shared suite's tests are said to be in the suite's file. */
function fileLine(file: string, counts: Counts, durationMs: number): string {
  const failures = failed(counts);
  const verdict = failures > 0 ? 'FAILED' : 'ok';
  const skippedText = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const failedText = failures > 0 ? `, ${failures} failed` : '';
  return `${verdict.padEnd(9)}${nameOf(file)}: ${counts.passed} passed${failedText}${skippedText} (${(durationMs / 1000).toFixed(1)} s)\n`;
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
