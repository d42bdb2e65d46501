// docs/guide/daemon.md, typed in as it stands there, in one shell that stops at the first failure.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findBuilt } from '../packages/stillpoint/bin/find-built.js';
import { blocksOf, modules, typeIn } from './fixture/guide.ts';

const guide = readFileSync(new URL('../docs/guide/daemon.md', import.meta.url), 'utf8');

/** How many tasks are done. */
const count = `import { openPersistence } from '@stillpoint/persistence';
await using persistence = await openPersistence({ url: process.env['DATABASE_URL'] });
console.log((await persistence.database.query('SELECT FROM tasks WHERE done')).rows.length);
`;

test('the guide to a daemon: an extension is made, altered without a loss, and taken back', (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-daemon-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  writeFileSync(path.join(home, 'count.ts'), count);
  const commands = blocksOf(guide, 'sh')
    .join('\n')
    // The packages of this checkout instead of those of the registry.
    .replace(/^npm install$/m, `ln -s '${modules}' node_modules; ln -s '${modules}' ..`)
    .replace(
      /^stillpoint exec .*add\.ts.*$/m,
      `$&\nuntil stillpoint exec --wait 60s -- node ../count.ts | grep -x 1; do :; done`,
    );
  // As root the database lies apart from the project.
  const script = `
trap 'kill %1 2> /dev/null || true; wait; remove' EXIT
remove() {
  found="$(stillpoint --project '${home}/my-daemon' db stop --json | sed -E 's/.*"dataDirectory":"([^"]*)\\/incarnations.*/\\1/')" || true
  case "$found" in */stillpoint/*) rm -rf "$found";; esac
}
${commands}`;
  const ran = typeIn(script, home, {
    // As people have it, where it is built.
    NODE_OPTIONS: findBuilt() === undefined ? '--conditions=@stillpoint/source' : '',
    GIT_AUTHOR_NAME: 'Test',
    GIT_AUTHOR_EMAIL: 'test@example.com',
    GIT_COMMITTER_NAME: 'Test',
    GIT_COMMITTER_EMAIL: 'test@example.com',
  });
  const said = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.status, 0, said);
  assert.match(ran.stdout, /^CREATE TABLE "tasks"/m);
  assert.match(ran.stdout, /RENAME COLUMN "title" TO "what"/, said);
  assert.match(ran.stdout, /^ {2}what: text\(\)/m, said);
});
