// Which world it is: whatever changes a tick is named, whatever does not is no change.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { loadWorld } from '../world/index.ts';
import { compareIdentity, identify } from './index.ts';

const place = mkdtempSync(path.join(os.tmpdir(), 'identity-'));
after(() => rmSync(place, { recursive: true, force: true }));

/** In pieces: it is an import of the world that is written below, and none of this file. */
const USES_DOUBLING = ['import { twice }', "from 'doubling';"].join(' ');

const files = {
  'world.ts': `import { defineWorld } from '@stillpoint/sim';
import { blow } from './wind.ts';
${USES_DOUBLING}

/** How warm it is at first. */
const START = 10;

export default defineWorld({
  name: 'small',
  parameters: { wind: { value: 1 } },
  signals: { warmth: { shape: [4], unit: 'K' } },
  assets: { map: 'map.txt' },
  init(w) { w.current.warmth.fill(START); },
  strata: {
    air: { step(w) { for (let i = 0; i < 4; i += 1) w.current.warmth[i] = twice(blow(w.previous.warmth[i]!)); } },
  },
});
`,
  'wind.ts': `import type { Gust } from './types.ts';
const FORCE: Gust = 3;
export const unused = 1;
export function blow(value: number): number { return value - FORCE; }
`,
  'types.ts': 'export type Gust = number;\n',
  'map.txt': '#..#\n',
  'node_modules/doubling/package.json':
    '{ "name": "doubling", "version": "1.0.0", "main": "index.js" }',
  'node_modules/doubling/index.js': 'exports.twice = function (value) { return value * 2; };\n',
} as const;
type Name = keyof typeof files;

let made = 0;
/** Each in a directory of its own: a module that was imported stays as it was. */
function write(change: Partial<Record<Name, (text: string) => string>> = {}): string {
  const directory = path.join(place, String((made += 1)));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, change[name as Name]?.(text) ?? text);
  }
  return directory;
}

async function changes(change: Parameters<typeof write>[0]): Promise<readonly string[]> {
  const before = await identify(await loadWorld(write()));
  return compareIdentity(before, await identify(await loadWorld(write(change))));
}

const swap = (from: string, to: string) => (text: string) => {
  assert.ok(text.includes(from), from);
  return text.replace(from, to);
};

describe('a change is named', () => {
  const cases: readonly (readonly [string, Parameters<typeof write>[0], RegExp])[] = [
    [
      'a constant of the world',
      { 'world.ts': swap('START = 10', 'START = 11') },
      /^module world\.ts \(\w{8} to \w{8}\)$/,
    ],
    [
      'a constant of an imported module',
      { 'wind.ts': swap('= 3', '= 4') },
      /^module wind\.ts \(\w{8} to \w{8}\)$/,
    ],
    ['an asset', { 'map.txt': swap('#', '.') }, /^asset map \(\w{8} to \w{8}\)$/],
    [
      'the version of a package',
      { 'node_modules/doubling/package.json': swap('1.0.0', '1.1.0') },
      /^package doubling \(1\.0\.0 \w{8} to 1\.1\.0 \w{8}\)$/,
    ],
    [
      'the code of a package',
      { 'node_modules/doubling/index.js': swap('* 2', '* 3') },
      /^package doubling \(1\.0\.0 \w{8} to 1\.0\.0 \w{8}\)$/,
    ],
  ];
  for (const [what, change, expected] of cases)
    it(what, async () => {
      const found = await changes(change);
      assert.equal(found.length, 1, found.join('; '));
      assert.match(found[0]!, expected);
    });

  it('a module that is imported for its effects, though its package says that it has none', async () => {
    const says = {
      'node_modules/doubling/package.json': swap('"main"', '"sideEffects": false, "main"'),
    };
    const world = {
      'world.ts': (text: string) =>
        text.replace(USES_DOUBLING, "import 'doubling'; const twice = (v: number) => v;"),
    };
    const before = await identify(await loadWorld(write({ ...says, ...world })));
    const code = {
      'node_modules/doubling/index.js': (text: string) => `${text}globalThis.factor = 2;\n`,
    };
    const after = await identify(await loadWorld(write({ ...says, ...world, ...code })));
    assert.match(compareIdentity(before, after).join('; '), /^package doubling \([^;]*$/);
  });

  it('a signal and a parameter, beside the module that defines them', async () => {
    const change = (text: string): string =>
      text
        .replace('wind: { value: 1 }', 'wind: { value: 2 }')
        .replace('shape: [4], unit', 'shape: [5], unit');
    const found = (await changes({ 'world.ts': change })).map((one) => one.replace(/ \(.*/, ''));
    assert.deepEqual(found, ['parameter wind', 'signal warmth', 'module world.ts']);
  });

  it('a module that is new', async () => {
    const found = await changes({
      'types.ts': (text) => `${text}export const FORCE = 3;\n`,
      'wind.ts': (text) =>
        text.replace('const FORCE: Gust = 3;', "import { FORCE } from './types.ts';"),
    });
    assert.equal(found.at(-1), 'module types.ts is new');
  });
});

describe('what is no change', () => {
  const same = async (change: Parameters<typeof write>[0]): Promise<void> => {
    assert.deepEqual(await changes(change), []);
  };
  it('comments, white space and how a number is written', async () => {
    await same({
      'world.ts': (text) =>
        `// Another comment.\n\n${text.replace('START = 10', 'START\n  = /* ten */ 1_0').replace("'small'", '"small"')}`,
      'node_modules/doubling/index.js': (text) =>
        `/*! legal */\n${text.replace('value * 2', '(value /* it */\n * 2)')}`,
    });
  });
  it('types', async () => {
    await same({
      'wind.ts': swap('value: number): number', 'value: Gust): Gust'),
      'types.ts': (text) => `${text}export interface More { readonly one: Gust }\n`,
    });
  });
  it('what nobody uses', async () => {
    await same({ 'wind.ts': swap('unused = 1', 'unused = 2') });
  });
  it('another directory', async () => {
    await same({});
  });
});

it('an example of the house has its modules and its asset in its identity', async () => {
  const example = new URL('../../../../examples/terra', import.meta.url).pathname;
  const { parts } = await identify(await loadWorld(example));
  assert.ok(Object.keys(parts.modules).includes('atmosphere.ts'));
  assert.deepEqual(Object.keys(parts.assets), ['relief']);
  assert.ok(readFileSync(path.join(example, 'relief.txt')).length > 100);
});
