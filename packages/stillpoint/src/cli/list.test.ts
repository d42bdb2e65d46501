// How the list looks on terminals of several widths, and where there is no terminal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { widthOf } from '../output/style.ts';
import { inProcess, stillpoint } from './testing/run.ts';

let cwd = '';

before(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'stillpoint-list-'));
  const member = path.join(cwd, 'extensions/a-member-with-a-long-path');
  await mkdir(member, { recursive: true });
  execFileSync('git', ['init', '-q', member]);
  const config = { members: ['extensions/a-member-with-a-long-path'] };
  await writeFile(path.join(cwd, 'stillpoint.config.json'), JSON.stringify(config));
  const message = 'before the migration that changes every table of the shop at once';
  await stillpoint(['snapshot', '--name', 'before-the-migration', '-m', message], { cwd });
  await stillpoint(['hold', 'latest'], { cwd });
  await stillpoint(['snapshot'], { cwd });
});

after(() => rm(cwd, { recursive: true, force: true }));

for (const columns of [40, 60, 80, 200]) {
  test(`the list and the tables of show fit ${columns} columns`, async () => {
    const { stdout } = await inProcess(['list'], { cwd, columns });
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) assert.ok(widthOf(line) <= columns, line);
    assert.match(stdout, /ID.*NAME.*HELD.*TAKEN/);
    assert.equal(stdout.includes('STORED'), columns > 80);
    const shown = await inProcess(['show'], { cwd, columns });
    for (const table of shown.stdout.split('\n\n').slice(1)) {
      for (const line of table.split('\n')) assert.ok(widthOf(line) <= columns, line);
    }
  });
}

test('colours are for terminals, and not for those who want none', async () => {
  const escape = '\u001b[';
  const list = async (more: Parameters<typeof inProcess>[1], ...args: string[]) =>
    (await inProcess(['list', ...args], more)).stdout;
  assert.ok((await list({ cwd, columns: 80 })).includes(escape));
  assert.ok(!(await list({ cwd })).includes(escape));
  assert.ok(!(await list({ cwd, columns: 80 }, '--no-color')).includes(escape));
  const environment = { NO_COLOR: '1' };
  assert.ok(!(await list({ cwd, columns: 80, environment })).includes(escape));
});

test('every field of the JSON is one that the reference names, and no other', async () => {
  const page = new URL('../../../../docs/reference/json.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  const section = /### SnapshotSummary\n([\s\S]*?)\n#/.exec(text)?.[1] ?? '';
  const named = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  const { stdout } = await inProcess(['--json', 'list'], { cwd });
  for (const snapshot of JSON.parse(stdout) as object[]) {
    assert.deepEqual(Object.keys(snapshot).toSorted(), named.toSorted());
  }
});
