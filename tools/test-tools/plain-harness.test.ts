// What a run of all tests does without must not hide a failure: an error that nobody waited for still fails its file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const harness = path.join(import.meta.dirname, 'plain-harness.cjs');
const reporter = new URL('reporter.ts', import.meta.url).href;

const testFile = (doing: string): string => `
  import { createHook } from 'node:async_hooks';
  import { test } from 'node:test';
  let watched = 0;
  createHook({ init: () => void (watched += 1) }).enable();
  test('passes', async () => {
    ${doing}
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (watched === 0) throw new Error('who asks for a hook gets one');
  });`;

/** In a process of its own, which is no part of this run of tests. */
function runAll(directory: string, file: string): string {
  const options = JSON.stringify({ files: [file], execArgv: [`--require=${harness}`] });
  const program = path.join(directory, 'run.mjs');
  writeFileSync(
    program,
    `import { run } from 'node:test';
    import { report } from ${JSON.stringify(reporter)};
    for await (const text of report(run(${options}))) process.stdout.write(text);`,
  );
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [program], { env, encoding: 'utf8' });
  return `${stdout}\n${stderr}`;
}

for (const [what, doing, fails] of [
  ['nothing', '', false],
  ['a rejection', `Promise.reject(new Error('nobody waits'));`, true],
  ['an exception', `queueMicrotask(() => { throw new Error('nobody waits'); });`, true],
] as const)
  test(`${what} beside a test that passes`, (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-harness-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, 'beside.mjs');
    writeFileSync(file, testFile(doing));
    const said = runAll(directory, file);
    assert.match(said, fails ? /^FAILED .*beside\.mjs: 1 passed/m : /^ok .*beside\.mjs: 1 passed/m);
    assert.match(said, fails ? /^# fail 1$/m : /^# fail 0$/m);
    if (fails) assert.match(said, /^note .*nobody waits/m);
  });
