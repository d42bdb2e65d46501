// What a run of all tests prints: one line a file, each skip with its reason, each failure in full, and node's own
// summary lines at the end, which other programs read.
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import path from 'node:path';

interface FileCount {
  passed: number;
  failed: number;
  skipped: number;
}

/** Every event of node's test runner, as text. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileCount>();
  const failures: string[] = [];
  const countOf = (file: string | undefined): FileCount => {
    const name = file ?? '';
    const count = files.get(name) ?? { passed: 0, failed: 0, skipped: 0 };
    files.set(name, count);
    return count;
  };
  for await (const event of events) {
    if (event.type === 'test:pass') {
      const { name, skip, file, details } = event.data;
      if (details.type === 'suite') continue;
      const count = countOf(file);
      if (skip === undefined || skip === false) count.passed++;
      else {
        count.skipped++;
        yield `skipped  ${nameOf(file)}: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}\n`;
      }
    } else if (event.type === 'test:fail') {
      const { name, file, details, line } = event.data;
      // A parent fails because its children did, and they have spoken.
      if ('failureType' in details.error && details.error.failureType === 'subtestsFailed')
        continue;
      countOf(file).failed++;
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
      if (file !== undefined) yield fileLine(file, countOf(file), durationMs);
      else yield* totals(counts, durationMs, success, failures);
    }
  }
}

function fileLine(file: string, count: FileCount, durationMs: number): string {
  const verdict = count.failed > 0 ? 'FAILED' : 'ok';
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
  const failed = count.failed > 0 ? `, ${count.failed} failed` : '';
  return `${verdict.padEnd(9)}${nameOf(file)}: ${count.passed} passed${failed}${skipped} (${(durationMs / 1000).toFixed(1)} s)\n`;
}

type Counts = Extract<TestEvent, { type: 'test:summary' }>['data']['counts'];

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
    ['fail', counts.tests - counts.passed - counts.skipped - counts.todo - counts.cancelled],
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
