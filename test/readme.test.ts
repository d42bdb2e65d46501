// The README's five minutes, typed in as they stand there, in one shell that stops at the first failure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const hasPsql = spawnSync('psql', ['--version']).status === 0;

/** The shell blocks of one section. */
function commandsOf(section: string): string {
  const text = readme.split(/^## /m).find((part) => part.startsWith(section)) ?? '';
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('\n');
}

test(
  'every command of the guide runs, and does what the text says',
  { skip: hasPsql ? false : 'psql is not installed' },
  (t) => {
    const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-readme-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    const script = `set -e
trap 'stillpoint db stop >&2 || true; remove' EXIT
remove() {
  for found in "$database" "$look"; do
    case "$found" in */stillpoint/*) rm -rf "$found";; esac
  done
}
${commandsOf('Five minutes').replace(
  /^stillpoint db stop$/m,
  `
database="$(stillpoint db status --json | sed -E 's/.*"dataDirectory":"([^"]*)\\/incarnations.*/\\1/')"
look="$(stillpoint --project look db stop --json | sed -E 's/.*"dataDirectory":"([^"]*)\\/incarnations.*/\\1/')"
echo "SHOWN: $(cat app/price.txt) $(cat app/draft.txt) $(stillpoint exec -- psql -Atc 'select count(*) from orders')"
stillpoint db stop`,
)}`;
    const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: home };
    const ran = spawnSync('bash', ['-c', script], {
      cwd: ROOT,
      env,
      encoding: 'utf8',
      timeout: 240_000,
    });
    assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`);
    // Two undos after the restore: the restored state again.
    assert.match(ran.stdout, /^SHOWN: price = 10 an idea 2$/m);
  },
);

test('the two commands of the first page are scripts of this repository', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [, script = ''] of readme.matchAll(/npm ci && npm (\w+)/g))
    assert.ok(Object.hasOwn(scripts, script), script);
});
