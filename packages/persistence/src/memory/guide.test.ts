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
  'the guide to facts and memory runs, and says what it says',
  { skip: whyNot('embedded-18') },
  async (t) => {
    const guide = await readFile(path.join(ROOT, 'docs/guide/memory.md'), 'utf8');
    const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    const text = `${blocks.join('\n')}
    const by = await verbatim.ask('HOW HIGH IS THE ZUGSPITZE?');
    console.log('ASKED', JSON.stringify(by.map(({ by, name, fact }) => [by, name, fact.value.metres])));
    console.log('AS OF', (await verbatim.exact('height of the  zugspitze', { asOf: fact.statedAt })).length);
    console.log('HISTORY', (await verbatim.history('height of the zugspitze')).map(({ value }) => value.metres).join());
  `;
    // Where a program's own modules would be: it finds the packages by their names.
    const cache = path.join(ROOT, 'node_modules/.cache');
    await mkdir(cache, { recursive: true });
    const directory = await mkdtemp(path.join(cache, 'guide-'));
    t.after(() => rm(directory, { recursive: true }));
    const file = path.join(directory, 'guide.mjs');
    await writeFile(file, stripTypeScriptTypes(text));
    const url = await (await serverOfTests()).createDatabase();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...process.execArgv.filter((one) => !one.startsWith('--test')), file],
      {
        env: { ...process.env, DATABASE_URL: url, NODE_TEST_CONTEXT: undefined },
      },
    );
    assert.match(stdout, /^known inside \{ metres: 2962 \}$/m);
    assert.match(stdout, /^like it 0\.\d\d consecrated The cable car/m);
    assert.match(stdout, /^ASKED \[\["inside","Zugspitze",2962\]\]$/m);
    assert.match(stdout, /^AS OF 1$/m);
    assert.match(stdout, /^HISTORY 2962,2964$/m);
  },
);
