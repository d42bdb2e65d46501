// What the project consists of beside its Postgres, and what an application does to it between two snapshots: rows of a SQLite
// database, uploads of random bytes (as compressed as pictures are), large files in a repository.
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client } from 'pg';
import { commitAll, createMembers, editMembers, MEMBERS } from '../freeze/members.ts';
import { ASSET_BYTES, type Sizes } from './sizes.ts';

export const SQLITE_FILE = 'data/shop.db';
export const UPLOADS = 'uploads';
const FILES_PER_DIRECTORY = 100;

export async function fillProject(
  project: string,
  sizes: Sizes,
  say: (text: string) => void,
): Promise<void> {
  const { uploads, members } = sizes;
  say(`${uploads.files} uploads`);
  for (let index = 0; index < uploads.files; index += 1) writeUpload(project, index, sizes);
  say(`${sizes.sqliteRows} rows of SQLite`);
  fillSqlite(project, sizes);
  say(`${MEMBERS.length} members of ${members.filesEach} files, ${members.assets} large ones`);
  await createMembers(project, members.filesEach);
  for (let index = 0; index < members.assets; index += 1) writeAsset(project, index);
  await commitAll(path.join(project, MEMBERS[0]), 'assets');
}

/** Everything changes a little, in another place each round. */
export async function changeProject(
  project: string,
  client: Client,
  sizes: Sizes,
  round: number,
): Promise<void> {
  await changePostgres(client, sizes, round);
  changeSqlite(project, sizes, round);
  const { files } = sizes.uploads;
  const changed = Math.max(3, Math.round(files * sizes.changedShare));
  for (let at = 0; at < changed; at += 1)
    writeUpload(project, (round * changed + at) % files, sizes);
  writeUpload(project, files + round, sizes);
  rmSync(uploadAt(project, (round * changed + changed) % files), { force: true });
  await editMembers(project, sizes.members.filesEach, round);
  writeAsset(project, sizes.members.assets + round);
  await commitAll(path.join(project, MEMBERS[0]), `round ${round}`);
  // One member is left as somebody works in it.
  await editMembers(project, sizes.members.filesEach, round + 1000);
}

function writeUpload(project: string, index: number, { uploads }: Sizes): void {
  const file = uploadAt(project, index);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, randomBytes(uploads.bytesEach));
}

function uploadAt(project: string, index: number): string {
  const part = String(Math.floor(index / FILES_PER_DIRECTORY));
  return path.join(project, UPLOADS, part, `upload-${index}.jpg`);
}

function writeAsset(project: string, index: number): void {
  const file = path.join(project, MEMBERS[0], 'assets', `asset-${index}.bin`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, randomBytes(ASSET_BYTES));
}

function fillSqlite(project: string, { sqliteRows }: Sizes): void {
  const file = path.join(project, SQLITE_FILE);
  mkdirSync(path.dirname(file), { recursive: true });
  using database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, stock INT, text TEXT)',
  );
  database
    .prepare(
      `WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
       INSERT INTO item SELECT id, 0, hex(randomblob(45)) FROM n`,
    )
    .run(sqliteRows);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

function changeSqlite(project: string, sizes: Sizes, round: number): void {
  using database = new DatabaseSync(path.join(project, SQLITE_FILE));
  const [from, to] = rangeOf(sizes.sqliteRows, sizes, round);
  database
    .prepare('UPDATE item SET stock = stock + ? WHERE id BETWEEN ? AND ?')
    .run(round, from, to);
}

async function changePostgres(client: Client, sizes: Sizes, round: number): Promise<void> {
  const range = rangeOf(sizes.postgresRows, sizes, round);
  const text = 'UPDATE account SET balance = balance + $1 WHERE aid BETWEEN $2 AND $3';
  await client.query(text, [round, ...range]);
}

function rangeOf(rows: number, { changedShare }: Sizes, round: number): [from: number, to: number] {
  const count = Math.round(rows * changedShare);
  const from = 1 + ((round * count) % (rows - count));
  return [from, from + count - 1];
}
