// docs/guide/checkpoints.md, typed in as it stands there, in one shell that stops at the first failure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { blocksOf, modules, typeIn } from './fixture/guide.ts';

const guide = readFileSync(new URL('../docs/guide/checkpoints.md', import.meta.url), 'utf8');
const numpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

const blocks = (language: string) => blocksOf(guide, language);

test('the guide to checkpoints: a loop goes on as if undisturbed, and all of the commands do what it says', (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-checkpoints-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  // The packages of this checkout instead of those of the registry.
  symlinkSync(modules, path.join(home, 'node_modules'));
  const [program = '', ...others] = blocks('ts');
  assert.deepEqual(others, []);
  writeFileSync(path.join(home, 'marbles.ts'), program);
  const commands = blocks('sh')
    .join('\n')
    .replace(/^npm install .*$/m, '')
    .replaceAll(/^node marbles/gm, 'node --conditions=@stillpoint/source marbles');
  const [python = ''] = blocks('python');
  const reading = numpy ? `python3 -c "${python}"` : '';
  const ran = typeIn(`${commands}\n${reading}`, home);
  const said = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.status, 0, said);
  const ends = [...ran.stdout.matchAll(/^tick (\d+): (\S+)$/gm)].map(([, tick, hash]) => ({
    tick,
    hash,
  }));
  assert.deepEqual(
    ends.map(({ tick }) => tick),
    ['300', '600', '600', '900', '900'],
  );
  assert.equal(ends[1]?.hash, ends[2]?.hash, said);
  assert.notEqual(ends[3]?.hash, ends[4]?.hash, 'the fork goes another way');
  assert.match(ran.stdout, /are equal: 2 arrays\.$/m);
  assert.match(ran.stdout, /^current\/position +f64 +10000 /m);
  assert.match(ran.stdout, /^ {2}parameters\.pull: 0\.2 → 0\.1$/m);
  assert.match(ran.stdout, /^Deleted \d checkpoints?: /m);
  if (numpy) assert.match(ran.stdout, /^-?[\d.e+]+ float64$/m);
});
