// The normative pages of docs/format say of each field what it is: those of a real manifest, lockfile and restore journal, and no
// other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createDirectoryStore, openVault } from '../packages/engine/src/vault/index.ts';
import { createProject, type Project } from './fixture/project.ts';

type Fields = Readonly<Record<string, unknown>>;

function tablesOf(page: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`../docs/format/${page}.md`, import.meta.url), 'utf8');
  const tables = text.match(/(?:^\|.*\|\n)+/gm) ?? [];
  return tables.map((table) => table.trim().split('\n').slice(2));
}

/** The names in the first column of a table: '`name`, `message`' are two. */
function namesIn(rows: readonly string[]): readonly string[] {
  return rows.flatMap((row) =>
    [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
}

const sorted = (names: Iterable<string>): readonly string[] => [...names].toSorted();

function sameFields(value: Fields, rows: readonly string[] | undefined, what: string): void {
  assert.deepEqual(sorted(Object.keys(value)), sorted(namesIn(rows ?? [])), what);
}

/** Everything that is named in the text of a table's row. */
function saysAll(rows: readonly string[] | undefined, row: string, names: Iterable<string>): void {
  const found = rows?.find((one) => one.startsWith(`| \`${row}\``)) ?? '';
  for (const name of names) assert.ok(found.includes(`\`${name}\``), `${row}: ${name} in ${found}`);
}

async function manifestOf(project: Project): Promise<Fields> {
  await using vault = await openVault(
    createDirectoryStore(path.join(project.directory, '.stillpoint', 'vault')),
  );
  const [entry] = await vault.list();
  return JSON.parse(Buffer.from(await vault.readManifest(entry!)).toString('utf8')) as Fields;
}

test('manifest, lockfile and journal have the fields that docs/format describes', async () => {
  await using project = await createProject({
    extensions: [],
    database: false,
    config: {
      sources: { uploads: { driver: 'files', path: 'uploads' } },
      participants: [{ kind: 'command', name: 'quiet', suspend: 'true', resume: 'true' }],
    },
  });
  await mkdir(path.join(project.directory, 'uploads'));
  await writeFile(path.join(project.directory, 'package-lock.json'), '{}');
  await project.git('.', 'remote', 'add', 'origin', 'https://example.com/core.git');
  await project.stillpoint(['snapshot', '--name', 'first']);

  const manifest = await manifestOf(project);
  const [fields, ofSource] = tablesOf('manifest');
  sameFields({ ...manifest, rebasedFrom: [] }, fields, 'a manifest, which was never told again');
  const [uploads, member0] = manifest['sources'] as [Fields, Fields];
  sameFields(uploads, ofSource, 'a source that lies in a place');
  sameFields({ ...member0, place: '' }, ofSource, 'a member, which has none');
  const freeze = manifest['freeze'] as Fields & { participants: Fields[] };
  saysAll(fields, 'freeze', [...Object.keys(freeze), ...Object.keys(freeze.participants[0]!)]);
  for (const name of ['project', 'config', 'createdBy']) {
    saysAll(fields, name, Object.keys(manifest[name] as Fields));
  }

  const lockfile = manifest['lockfile'] as Fields & { members: Fields[] };
  const [ofLockfile, ofMember] = tablesOf('lockfile');
  sameFields(lockfile, ofLockfile, 'lockfile');
  const [member] = lockfile.members;
  sameFields(member!, ofMember, 'a member');
  saysAll(ofMember, 'remotes', Object.keys((member!['remotes'] as Fields[])[0]!));
  saysAll(ofMember, 'dependencyLocks', Object.keys((member!['dependencyLocks'] as Fields[])[0]!));
  const file = path.join(project.directory, '.stillpoint', 'stillpoint.lock');
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), lockfile, 'the same as on the disk');

  await project.stillpoint(['restore', 'first', '--yes'], {
    exit: 137,
    env: { STILLPOINT_CRASH_AT: 'before end' },
  });
  const journal = await readFile(
    path.join(project.directory, '.stillpoint', 'journal', 'restore.jsonl'),
    'utf8',
  );
  const [ofLine] = tablesOf('journal');
  const seen = new Set<unknown>();
  for (const line of journal
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Fields)) {
    const { event, done, ...rest } = line;
    seen.add(event);
    const row = ofLine?.find((one) => one.includes(`{"event":"${String(event)}"}`)) ?? '';
    if (done !== undefined) assert.ok(row.includes(`"done":${JSON.stringify(done)}`), row);
    for (const name of Object.keys(rest)) assert.ok(row.includes(`\`${name}\``), `${name}: ${row}`);
  }
  assert.deepEqual(seen, new Set(['begun', 'ready', 'step']));
});
