// PGlite for the tests of all rooms: one for a test file, begun from a data directory that was made once on this machine. Making it anew
// takes five times as long as all the rest of a start.
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { makeOnce } from './programs.ts';

let made: Promise<PGlite> | undefined;

/** Emptied by whoever uses it twice. It can pgvector. Whoever uses it says `after(endLite)`: it keeps the process alive. */
export async function liteOfTests(): Promise<PGlite> {
  return await (made ??= startLite());
}

export async function endLite(): Promise<void> {
  await (await made)?.close();
}

/** Loaded only where it is used: it is large. */
async function startLite(): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  const { vector } = await import('@electric-sql/pglite-pgvector');
  const directory = await makeOnce(`pglite-${versionOf()}`, async (beside) => {
    const first = await PGlite.create();
    const data = await first.dumpDataDir('none');
    await first.close();
    await mkdir(beside);
    await writeFile(path.join(beside, 'data.tar'), data.stream());
  });
  const data = await readFile(path.join(directory, 'data.tar'));
  return await PGlite.create({ loadDataDir: new Blob([data]), extensions: { vector } });
}

function versionOf(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = path.join(path.dirname(entry), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
