// The guide's snippets, one after the other, as they stand there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serverOfTests, whyNot } from '../database/testing/index.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

test(
  'the guide to traces runs, and says what it says',
  { skip: whyNot('embedded-18') },
  async (t) => {
    const guide = await readFile(path.join(ROOT, 'docs/guide/traces.md'), 'utf8');
    const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    const flush = blocks.findIndex((block) => block === 'await traces.flush();\n');
    assert.ok(flush > 0);
    // Where a program's own modules would be: it finds the packages by their names.
    const cache = path.join(ROOT, 'node_modules/.cache');
    await mkdir(cache, { recursive: true });
    const directory = await mkdtemp(path.join(cache, 'guide-'));
    t.after(() => rm(directory, { recursive: true }));
    const file = path.join(directory, 'guide.mjs');
    await writeFile(file, stripTypeScriptTypes(blocks.join('\n')));
    const url = await (await serverOfTests()).createDatabase();
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [...process.execArgv.filter((one) => !one.startsWith('--test')), file],
      { env: { ...process.env, DATABASE_URL: url, NODE_TEST_CONTEXT: undefined } },
    );
    assert.match(stdout, /^\{ stored: 0, queued: 1, dropped: 0, everywhere: 0 \}$/m);
    assert.match(stdout, /^ *save note \d+n$/m);
    assert.match(stdout, /^0 days dropped$/m);
    assert.ok(!/error/i.test(stderr), stderr);
  },
);
