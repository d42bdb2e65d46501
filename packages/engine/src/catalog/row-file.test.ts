import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createMemoryStore, createVault } from '../vault/index.ts';
import { createRowFile, type RowFile } from './row-file.ts';

const rows = new Map<string, unknown>([
  ['one', { message: 'before the migration' }],
  ['two', { message: 'ünïcode \u0000' }],
]);

async function withFile(body: (open: typeof openIn, file: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-rows-'));
  try {
    await body(openIn, path.join(directory, 'cache', 'rows'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function openIn(file: string, form = 'form 1', vault = newVault()): Promise<RowFile> {
  return createRowFile({ file, form, seal: await vault });
}

function newVault(): ReturnType<typeof createVault> {
  return createVault(createMemoryStore());
}

test('what was written is read again by the next process, and by nobody else', async () => {
  await withFile(async (open, file) => {
    const vault = newVault();
    await (await open(file, 'form 1', vault)).write(rows);
    assert.deepEqual(await (await open(file, 'form 1', vault)).read(), rows);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(path.dirname(file)), ['rows'], 'nothing is left beside it');
  });
});

test('a file that is absent, damaged, cut off or of another form is as good as none', async () => {
  await withFile(async (open, file) => {
    const vault = newVault();
    const remembered = await open(file, 'form 1', vault);
    assert.equal((await remembered.read()).size, 0);
    await remembered.write(rows);
    const whole = await readFile(file);
    assert.equal((await (await open(file, 'form 2', vault)).read()).size, 0);
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await writeFile(file, flipped);
      assert.equal((await remembered.read()).size, 0, `byte ${at}`);
    }
    for (const bytes of [0, 1, 47, whole.length - 1]) {
      await writeFile(file, whole.subarray(0, bytes));
      assert.equal((await remembered.read()).size, 0, `${bytes} bytes`);
    }
    await writeFile(file, randomBytes(1000));
    assert.equal((await remembered.read()).size, 0);
    await remembered.write(rows);
    assert.deepEqual(await remembered.read(), rows);
  });
});

test('of two that write at once one is kept whole', async () => {
  await withFile(async (open, file) => {
    const vault = newVault();
    const files = await Promise.all([1, 2, 3, 4].map(() => open(file, 'form 1', vault)));
    await Promise.all(files.map((one, n) => one.write(new Map([['writer', n]]))));
    const found = await files[0]!.read();
    assert.equal(found.size, 1);
    assert.ok([0, 1, 2, 3].includes(found.get('writer') as number));
  });
});
