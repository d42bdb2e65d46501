import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import { loadWorld } from './index.ts';

async function place(
  context: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'stillpoint-world-')));
  context.after(async () => await rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
  return directory;
}

function worldText(name: string, more = ''): string {
  return `import { defineWorld } from '@stillpoint/sim';\nexport default defineWorld({ name: '${name}', ${more} strata: { s: { step() {} } } });\n`;
}

async function refuses(where: string, code: ErrorCode, said: RegExp): Promise<void> {
  await assert.rejects(loadWorld(where), (error) => {
    assert.ok(isFailure(error, code), String(error));
    assert.match(error.message, said);
    return true;
  });
}

test('a world is found by its file, in its directory, and by its package', async (context) => {
  const directory = await place(context, {
    'one/world.ts': worldText('one'),
    'two/world.mjs': worldText('two'),
    'three/package.json': '{ "stillpoint": { "world": "./src/terra.ts" } }',
    'three/src/terra.ts': worldText('three'),
    'three/world.ts': worldText('not-this'),
    'four/package.json': '{ "type": "module" }',
    'four/world.js': worldText('four'),
  });
  for (const name of ['one', 'two', 'three', 'four']) {
    const loaded = await loadWorld(path.join(directory, name));
    assert.equal(loaded.world.ir.name, name);
    assert.equal(loaded.directory, path.dirname(loaded.file));
    assert.equal(loaded.world.definedAt, `${loaded.file}:2`);
  }
  const { world } = await loadWorld(path.join(directory, 'three/world.ts'));
  assert.equal(world.ir.name, 'not-this');
});

test('a world needs no node_modules, and may be written in TypeScript over several files', async (context) => {
  const directory = await place(context, {
    'src/world.ts': `import { det, type World } from '@stillpoint/sim';\nimport { make } from '../parts/make.ts';\nconst world: World = make(det.sqrt(9));\nexport default world;\n`,
    'parts/make.ts': `import { defineWorld, type World } from '@stillpoint/sim';\nexport const make = (every: number): World => defineWorld({ name: 'parts', strata: { s: { every, step() {} } } });\n`,
  });
  const { world } = await loadWorld(path.join(directory, 'src'));
  assert.equal(world.ir.strata[0]?.every, 3);
  assert.equal(world.definedAt, `${path.join(directory, 'parts/make.ts')}:2`);
});

test('where there is no world, that is said', async (context) => {
  const directory = await place(context, {
    'empty/readme.md': '',
    'named/package.json': '{ "stillpoint": { "world": "./gone.ts" } }',
  });
  await refuses(path.join(directory, 'gone'), 'WORLD_NOT_FOUND', /gone/);
  await refuses(path.join(directory, 'empty'), 'WORLD_NOT_FOUND', /empty/);
  await refuses(path.join(directory, 'named'), 'WORLD_NOT_FOUND', /gone\.ts/);
});

test('what cannot be loaded is said with its file and reason', async (context) => {
  const directory = await place(context, {
    'syntax/world.ts': 'export default {',
    'throws/world.ts': 'throw new Error("the tide is out");',
    'missing/world.ts': 'import "./not-there.ts"; export default 1;',
    'other/world.ts': 'export default { name: "looks like one" };',
    'none/world.ts': 'export const world = 1;',
    'two/world.ts': worldText('a'),
    'two/world.js': worldText('b'),
    'json/package.json': '{',
    'outside/package.json': '{ "stillpoint": { "world": "../two/world.ts" } }',
  });
  const cases: readonly (readonly [name: string, said: RegExp])[] = [
    ['syntax', /syntax\/world\.ts cannot be loaded/],
    ['throws', /the tide is out/],
    ['missing', /not-there\.ts/],
    ['other', /default export is not what defineWorld gives/],
    ['none', /default export is not what defineWorld gives/],
    ['two', /world\.ts and world\.js, and one is enough/],
    ['json', /package\.json cannot be loaded/],
    ['outside', /outside of the directory/],
  ];
  for (const [name, said] of cases) await refuses(path.join(directory, name), 'WORLD_BROKEN', said);
});

test('what is wrong with a definition is said as where it was written', async (context) => {
  const directory = await place(context, { 'world.ts': worldText('wrong', 'signals: { 7: {} },') });
  await refuses(directory, 'WORLD_INVALID', /world\.ts:2 defines is not valid: signals\["7"\]/);
});

test('assets are read from beside the world, and from nowhere else', async (context) => {
  const assets = "assets: { 'höhe.map': './maps/height.bin' },";
  const directory = await place(context, {
    'a/world.ts': worldText('a', assets),
    'a/maps/height.bin': 'hills',
    'b/world.ts': worldText('b', assets),
    'c/world.ts': worldText('c', assets),
    'c/maps/other.bin': '',
    'secret.bin': 'secret',
  });
  await symlink('../../secret.bin', path.join(directory, 'c/maps/height.bin'));
  const { assets: read } = await loadWorld(path.join(directory, 'a'));
  assert.equal(Buffer.from(read['höhe.map'] ?? []).toString(), 'hills');
  const gone = loadWorld(path.join(directory, 'b'));
  await assert.rejects(gone, (error) => isFailure(error, 'WORLD_ASSET_UNREADABLE'));
  await refuses(path.join(directory, 'c'), 'WORLD_ASSET_UNREADABLE', /leads out of/);
});

test('a world that is reached by a link is where its file is', async (context) => {
  const directory = await place(context, { 'real/world.ts': worldText('linked') });
  await symlink('real', path.join(directory, 'link'));
  const { file } = await loadWorld(path.join(directory, 'link'));
  assert.equal(file, path.join(directory, 'real/world.ts'));
});
