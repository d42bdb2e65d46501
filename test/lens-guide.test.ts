// docs/guide/lens.md, typed in as it stands there, in one shell that stops at the first failure. The planet is as coarse as the page says.
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blocksOf, modules, typeIn } from './fixture/guide.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(path.join(root, 'docs/guide/lens.md'), 'utf8');

/** As the page says. */
function makeCoarse(size: string): void {
  const [, rows, columns] = /divided, 512 by 1024: with (\d+) by (\d+)/.exec(guide) ?? [];
  const text = readFileSync(size, 'utf8');
  const coarse = text
    .replace('ROWS = 512', `ROWS = ${rows}`)
    .replace('COLUMNS = 1024', `COLUMNS = ${columns}`);
  assert.match(coarse, /ROWS = 128;\s.*COLUMNS = 256;/);
  writeFileSync(size, coarse);
}

/** What every file of a kind begins with. */
function begins(home: string, name: string, text: string): void {
  const bytes = readFileSync(path.join(home, name)).subarray(0, text.length);
  assert.equal(bytes.toString('latin1'), text, name);
}

test('the guide to lenses: a planet is captured, asked, drawn, taken elsewhere and cleared away', (t) => {
  const home = mkdtempSync(path.join(tmpdir(), 'stillpoint-lens-guide-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  cpSync(path.join(root, 'examples/terra'), path.join(home, 'terra'), { recursive: true });
  makeCoarse(path.join(home, 'terra/size.ts'));
  // The packages of this checkout instead of those of the registry.
  symlinkSync(modules, path.join(home, 'node_modules'));
  const commands = blocksOf(guide, 'sh')
    .join('\n')
    .replace(/^npm install .*$/gm, '');
  const ran = typeIn(commands, home);
  const said = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.status, 0, said);

  assert.match(
    ran.stdout,
    /^atmosphere\.temperature +K +scalar +sphere 128×256 +linear +float32$/m,
  );
  assert.match(ran.stdout, /^TICK +TIME +LONGITUDE +LATITUDE +VALUE\n.* 13\.4 +52\.5 +\d/m);
  assert.match(ran.stdout, /^tick,time,longitude,latitude,value_0,value_1\n(\d+,.*\n){9}(?!\d)/m);
  assert.match(said, /Tick 123 was not captured: this is the nearest, tick \d+\./);
  assert.match(ran.stdout, /^MAX\(A\."VALUE"\)\n +4\d\d\./m);
  assert.match(ran.stdout, /^min +[▁-█ ]+ +\d/m);
  assert.match(ran.stdout, /^blue and blue are equal: 2 fields in \d+ frames\.$/m);
  assert.match(ran.stdout, /^Deleted 1 chunk of 1 run/m);

  for (const name of ['map.png', 'globe.png', 'plates.png', 'series.png'])
    begins(home, name, '\u0089PNG');
  begins(home, 'spin.gif', 'GIF89a');
  begins(home, 'terra.parquet', 'PAR1');
  begins(home, 'terra.csv', 'tick,time_seconds,sample,longitude,latitude,atmosphere.temperature\n');
  assert.deepEqual(readdirSync(path.join(home, 'terra-tables')), ['table=sphere-128x256']);
  assert.ok(existsSync(path.join(home, 'terra.zarr/zarr.json')));
  assert.deepEqual(
    readdirSync(home).filter((name) => name.endsWith('.tmp')),
    [],
  );
});
