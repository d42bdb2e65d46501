// The tour of examples/agent-daemon, typed in as its README has it, in one shell that stops at the first failure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findBuilt } from '../packages/stillpoint/bin/find-built.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FROM_SOURCES = 'NODE_OPTIONS=--conditions=@stillpoint/source';
const identity = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

test('the tour of the daemon: it alters itself, an agent breaks it, and everything comes back', (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-tour-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const readme = readFileSync(path.join(ROOT, 'examples/agent-daemon/README.md'), 'utf8');
  const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map(([, block]) => block)
    .join('\n')
    // As people have the packages, where they are built: each of the daemon's programs begins in half the time.
    .replace(FROM_SOURCES, (flag) => (findBuilt() === undefined ? flag : 'NODE_OPTIONS='));
  // As root the database lies apart from the project.
  const script = `set -e
trap 'kill %1 2> /dev/null || true; wait; remove' EXIT
remove() {
  found="$(stillpoint db stop --json | sed -E 's/.*"dataDirectory":"([^"]*)\\/incarnations.*/\\1/')" || true
  case "$found" in */stillpoint/*) rm -rf "$found";; esac
}
${commands}`;
  const ran = spawnSync('bash', ['-c', script], {
    cwd: ROOT,
    env: { ...process.env, ...identity, TMPDIR: home, NO_COLOR: '1', NODE_TEST_CONTEXT: undefined },
    encoding: 'utf8',
    timeout: 280_000,
  });
  const said = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.status, 0, said);
  assert.match(ran.stdout, /^fact {6}plumber = Ada, 555-0199/m);
  assert.match(ran.stdout, /^fact {6}rent = 900, on the first/m);
  assert.match(ran.stdout, /^notes {16}gone: relation "notes" does not exist/m);
  assert.match(ran.stdout, /^Everything is back\.$/m, said);
});
