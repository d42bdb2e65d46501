// docs/format/checkpoint.md says of each field what it is: those of a real checkpoint and a real manifest, and no other.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openRunDirectory } from '../directory/index.ts';
import { runFacts } from '../directory/testing/run-facts.ts';
import { createCheckpointWriter } from './index.ts';
import { decodeTrailer, TRAILER_BYTES } from './layout.ts';
import { offerOf, smallShapes, stateOf } from './testing/states.ts';

type Fields = Readonly<Record<string, unknown>>;

async function tablesOfPage(): Promise<readonly (readonly string[])[]> {
  const page = new URL('../../../../docs/format/checkpoint.md', import.meta.url);
  const tables = (await readFile(page, 'utf8')).match(/(?:^\|.*\|\n)+/gm) ?? [];
  return tables
    .filter((table) => table.startsWith('| field'))
    .map((table) =>
      [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, first = '']) =>
        [...first.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
      ),
    );
}

test('the page has the fields of table, sections, facts and manifest', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-page-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await using run = await openRunDirectory({ directory, runId: 'a', create: runFacts });
  const writer = createCheckpointWriter({ runDirectory: run.path });
  t.after(() => writer.close());
  writer.offer(offerOf(1, stateOf(smallShapes)));
  const [outcome] = await writer.drain();
  assert.ok(outcome?.outcome === 'written');
  const bytes = await readFile(outcome.file);
  const trailer = decodeTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length);
  assert.ok(typeof trailer !== 'string');
  const { tableOffset, tableBytes } = trailer;
  const text = bytes.subarray(tableOffset, tableOffset + tableBytes).toString('utf8');
  const table = JSON.parse(text) as { facts: Fields; sections: readonly Fields[] };
  const manifest = await readFile(path.join(run.path, 'manifest.json'), 'utf8');
  const real = [table, table.sections[0], table.facts, JSON.parse(manifest) as Fields];
  const found = await tablesOfPage();
  assert.deepEqual(
    found.map((names) => names.toSorted()),
    real.map((fields) => Object.keys(fields ?? {}).toSorted()),
  );
});
