// What the lint of worlds finds, and where; what is fine it leaves alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadWorld } from '../world/index.ts';
import { lintText, lintWorld } from './index.ts';

const found = (code: string): readonly string[] =>
  lintText(code, 'world.ts').map(
    ({ line, column, what, rule }) => `${line}:${column} ${what} ${rule}`,
  );

describe('lint', () => {
  it('finds what differs between two runs', () => {
    assert.deepEqual(found('const a: number = Math.random();'), ['1:19 Math.random random']);
    assert.deepEqual(found('let x = 1;\n  const t = new Date().getTime();'), ['2:17 Date clock']);
    assert.deepEqual(found('performance.now()'), ['1:1 performance clock']);
    assert.deepEqual(found('crypto.getRandomValues(x); crypto.randomUUID()').length, 2);
    assert.deepEqual(found('process.hrtime()'), ['1:1 process outside']);
    assert.deepEqual(found('setTimeout(f, 1); await fetch(u)').length, 2);
    assert.deepEqual(found("import fs from 'node:fs';"), ['1:1 node:fs outside']);
    assert.deepEqual(found("import fs from 'fs';"), ['1:1 fs outside']);
    assert.deepEqual(found("await import('node:fs'); await import('./a.ts');"), [
      '1:7 import(node:fs) outside',
    ]);
    assert.deepEqual(found('await import(name);'), ['1:7 import(…) outside']);
    assert.deepEqual(found('for (const key in object) f(key);'), ['1:1 for … in order']);
    assert.deepEqual(found('a.localeCompare(b)'), ['1:1 .localeCompare outside']);
  });
  it('finds functions that runtimes do not agree about, and says which to use', () => {
    const [sine, power, destructured] = [
      ...lintText('f(Math.sin(x), x ** 2)', 'a.js'),
      ...lintText('const { exp, floor } = Math;', 'a.js'),
    ];
    assert.match(sine!.hint, /det\.sin/);
    assert.match(power!.hint, /det\.pow/);
    assert.match(destructured!.hint, /det\.exp/);
    assert.deepEqual(found("Math['cos'](1)"), ['1:1 Math.cos math']);
    assert.deepEqual(found('x **= 0.5'), ['1:1 **= math']);
  });
  it('finds state that no checkpoint holds', () => {
    assert.deepEqual(found('let count = 0;\nexport function step() { count += 1; }'), [
      '2:26 count state',
    ]);
    assert.deepEqual(found('let count = 0;\nconst f = () => { count++; };'), ['2:19 count state']);
  });
  it("leaves alone what is exact, and what is not the host's", () => {
    const fine = `import { det, fetch } from './own.ts';
interface Date { day: number }
const TWO_32 = 2 ** 32;
let table = new Float64Array(4);
table = table.map((value) => Math.floor(Math.sqrt(value)) + Math.max(1, Math.abs(value)));
function setTimeout(ticks: number): number { let left = ticks; left -= 1; return left; }
export const all = [det.sin(1), fetch(2), setTimeout(3), { Date: 1 }.Date, ({ performance: 2 })];
for (const one of all) one;`;
    assert.deepEqual(found(fine), []);
  });
  it('finds nothing in the examples', async () => {
    for (const name of ['terra', 'particles']) {
      const directory = new URL(`../../../../examples/${name}`, import.meta.url).pathname;
      assert.deepEqual(await lintWorld(await loadWorld(directory)), []);
    }
  });
});
