// What a run of all tests does without must not hide a failure: an error that nobody waited for still fails its file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, test } from 'node:test';
import { ROOT } from '../tidy/source-files.ts';
import { report } from './reporter.ts';

const harness = path.join(ROOT, 'tools/test-tools/plain-harness.cjs');

const program = (doing: string): string => `
  import { createHook } from 'node:async_hooks';
  import { test } from 'node:test';
  let watched = 0;
  createHook({ init: () => void (watched += 1) }).enable();
  test('passes', async () => {
    ${doing}
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (watched === 0) throw new Error('who asks for a hook gets one');
  });`;

for (const [what, doing, fails] of [
  ['nothing', '', false],
  ['a rejection', `Promise.reject(new Error('nobody waits'));`, true],
  ['an exception', `queueMicrotask(() => { throw new Error('nobody waits'); });`, true],
] as const)
  test(`${what} beside a test that passes`, async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-harness-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, 'beside.mjs');
    writeFileSync(file, program(doing));
    let said = '';
    for await (const text of report(run({ files: [file], execArgv: [`--require=${harness}`] })))
      said += text;
    assert.match(said, fails ? /^FAILED .*beside\.mjs: 1 passed/m : /^ok .*beside\.mjs: 1 passed/m);
    assert.match(said, fails ? /^# fail 1$/m : /^# fail 0$/m);
    if (fails) assert.match(said, /^note .*nobody waits/m);
  });
