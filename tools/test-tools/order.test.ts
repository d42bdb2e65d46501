// The longest file first, by what is remembered.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { longestFirst, openTimes } from './order.ts';

test('what took longest comes first; of what was never run, the tests of the whole', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-order-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const cacheFile = path.join(directory, 'cache', 'times.json');
  const files = ['packages/a.test.ts', 'packages/b.test.ts', 'test/c.test.ts'];
  {
    using times = openTimes(cacheFile);
    assert.deepEqual(longestFirst(files, times), [files[2], files[0], files[1]]);
    times.remember('packages/b.test.ts', 30_000);
  }
  assert.deepEqual(longestFirst(files, openTimes(cacheFile)), [files[1], files[2], files[0]]);
  writeFileSync(cacheFile, '{"packages/b');
  assert.deepEqual(longestFirst(files, openTimes(cacheFile)), [files[2], files[0], files[1]]);
});
