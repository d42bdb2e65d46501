// docs/guide/simulation.md, typed in as it stands there, in one shell that stops at the first failure; and what its references show.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { serverOfTests, whyNot } from '../packages/persistence/src/database/testing/index.ts';
import { blocksOf, modules, typeIn } from './fixture/guide.ts';

const guide = readFileSync(new URL('../docs/guide/simulation.md', import.meta.url), 'utf8');
const reference = readFileSync(new URL('../docs/reference/sim.md', import.meta.url), 'utf8');

const blocks = (language: string, page = guide) => blocksOf(page, language);

test('the guide to simulations: a world is run, killed, resumed, changed, and does what it says', (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-simulation-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const [world = '', ...others] = blocks('ts');
  assert.deepEqual(others, []);
  mkdirSync(path.join(home, 'meadow'));
  writeFileSync(path.join(home, 'meadow/world.ts'), world);
  // The packages of this checkout instead of those of the registry.
  symlinkSync(modules, path.join(home, 'node_modules'));
  const commands = blocks('sh')
    .join('\n')
    .replace(/^npm install .*$/m, '')
    // Ours alone is killed, whoever else reads the guide on this machine.
    .replace(/^pkill .*$/m, 'kill -9 $!');
  const ran = typeIn(commands, home);
  const said = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.status, 0, said);
  const states = [...ran.stdout.matchAll(/^state +(\S+)$/gm)].map(([, hash]) => hash);
  assert.equal(states.length, 4, said);
  assert.equal(states[2], states[0], 'the run that went on from an early checkpoint');
  assert.match(ran.stdout, /grass +f64 +64 x 64 +kg/);
  assert.match(said, /Nothing was found\./);
  assert.match(said, /Era winter begins after tick 2000\./);
  assert.match(said, /RUN_WORLD_CHANGED: .*parameter growth \(\w{8} to \w{8}\); module world\.ts/);
  assert.match(ran.stdout, /^refused with status 1$/m);
});

test('the reference of the library: its programs run', (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-sim-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(path.join(home, 'meadow'));
  writeFileSync(path.join(home, 'meadow/world.ts'), blocks('ts')[0] ?? '');
  symlinkSync(modules, path.join(home, 'node_modules'));
  const said = blocks('ts', reference).map((program, index) => {
    const file = path.join(home, `program-${index}.ts`);
    writeFileSync(file, program);
    const ran = spawnSync(process.execPath, ['--conditions=@stillpoint/source', file], {
      cwd: home,
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stderr);
    return ran.stdout;
  });
  assert.match(said[0]!, /^tick \d+ is kept\n(.*\n)*reached 500 blake3:/);
  assert.match(said[1]!, /^200 summer [\d.]+ \d+ blake3:/);
  assert.equal(said[2], '40 40\n');
});

test('the reference of run: its commands run', { skip: whyNot('embedded-18') }, async (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-run-page-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(path.join(home, 'meadow'));
  writeFileSync(path.join(home, 'meadow/world.ts'), blocks('ts')[0] ?? '');
  symlinkSync(modules, path.join(home, 'node_modules'));
  writeFileSync(path.join(home, 'params.json'), '[{"growth": 0.1}, {"growth": 0.2}]');
  const page = readFileSync(new URL('../docs/reference/run.md', import.meta.url), 'utf8');
  const url = await (await serverOfTests()).createDatabase();
  const commands = blocks('sh', page)
    .join('\n')
    .replaceAll('WORLD', 'meadow')
    .replaceAll('postgresql://...', () => '"$SWEEPS"')
    // A reader has more patience.
    .replaceAll('--steps 100000', '--steps 600');
  const ran = typeIn(commands, home, { SWEEPS: url });
  const said = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.status, 0, said);
  assert.doesNotMatch(ran.stderr, /Warning/);
  assert.deepEqual(
    [...ran.stdout.matchAll(/^tick +(\d+)$/gm)].map(([, tick]) => tick),
    ['600', '1200'],
    said,
  );
  assert.equal(ran.stdout.match(/\b600\b.*blake3:|blake3:.*\b600\b/g)?.length, 2, said);
});
