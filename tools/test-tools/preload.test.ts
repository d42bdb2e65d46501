// That a late error fails its own test, at once and by name, and that promises are not followed for it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('preload.ts', import.meta.url));

const file = `
import { after, test } from 'node:test';
import { executionAsyncId } from 'node:async_hooks';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
const forever = (t) => once(t.signal, 'abort');
test('thrown later', async (t) => {
  await turn();
  setImmediate(() => { throw new Error('of the first'); });
  await forever(t);
});
test('rejected and not awaited', async (t) => {
  await turn();
  void Promise.reject(new Error('of the second'));
  await forever(t);
});
test('in a test of a test', async (t) => {
  await t.test('inner', async (t) => {
    await turn();
    setImmediate(() => { throw new Error('of the inner'); });
    await forever(t);
  });
});
test('ids', async () => {
  await undefined;
  console.log('id after await:', executionAsyncId());
  console.log('flags:', process.execArgv.filter((flag) => /require|old-space/.test(flag)).length);
});
`;

test('a late error fails its own test though promises are not followed', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-preload-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const name = path.join(directory, 'late.test.mjs');
  writeFileSync(name, file);
  const flags = [`--require=${PRELOAD}`, '--initial-old-space-size=200', '--test-reporter=tap'];
  // As what a test starts: this runner is not to read it.
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [...flags, name], { env }, (_error, stdout) => resolve(stdout));
  });
  const told = [...said.matchAll(/^ *(?:not ok|ok) \d+ - .*|error: 'of .*'/gm)].map(([text]) =>
    text.trim(),
  );
  assert.deepEqual(told.slice(0, 6), [
    'not ok 1 - thrown later',
    "error: 'of the first'",
    'not ok 2 - rejected and not awaited',
    "error: 'of the second'",
    'not ok 1 - inner',
    "error: 'of the inner'",
  ]);
  assert.match(said, /id after await: 0\b/);
  assert.match(said, /flags: 0\b/);
});
