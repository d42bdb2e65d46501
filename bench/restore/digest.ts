// A fingerprint of everything in the project: whether a restore brought back exactly what was there.
import { createHasher, digestOf } from '@stillpoint/core';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client } from 'pg';
import { MEMBERS } from '../freeze/members.ts';
import { run } from '../place.ts';
import { SQLITE_FILE, UPLOADS } from './content.ts';

export type Fingerprint = Readonly<Record<string, string>>;

export async function fingerprint(project: string, client: Client): Promise<Fingerprint> {
  const members = MEMBERS.map(async (member) => [
    member,
    await digestOfMember(path.join(project, member)),
  ]);
  return {
    postgres: await digestOfPostgres(client),
    sqlite: digestOfSqlite(path.join(project, SQLITE_FILE)),
    uploads: await digestOfTree(path.join(project, UPLOADS)),
    ...(Object.fromEntries(await Promise.all(members)) as Fingerprint),
  };
}

async function digestOfMember(directory: string): Promise<string> {
  const git = (...args: string[]): Promise<string> => run('git', ['-C', directory, ...args]);
  const refs = (await git('for-each-ref')).split('\n');
  const parts = [
    await git('status', '--porcelain=v2', '--branch'),
    // A restore keeps moved tips under names of its own.
    ...refs.filter((line) => !line.includes('refs/stillpoint/')),
    await digestOfTree(directory),
  ];
  return digestOf(Buffer.from(parts.join('\n')));
}

/** Sums of hashes do not depend on the order of rows, and a server of any version gives the same. */
async function digestOfPostgres(client: Client): Promise<string> {
  const parts: string[] = [];
  for (const table of ['account', 'teller', 'history']) {
    const { rows } = await client.query<{ rows: string; sum: string | null }>(
      `SELECT count(*) AS rows, sum(hashtextextended(t::text, 0)::numeric) AS sum FROM ${table} AS t`,
    );
    parts.push(`${table} ${rows[0]!.rows} ${rows[0]!.sum}`);
  }
  return parts.join(', ');
}

function digestOfSqlite(file: string): string {
  using database = new DatabaseSync(file, { readOnly: true });
  const hash = createHasher();
  let batch: string[] = [];
  const add = (): void => {
    hash.update(Buffer.from(batch.join('\n')));
    batch = [];
  };
  for (const { id, stock, text } of database.prepare('SELECT * FROM item ORDER BY id').iterate()) {
    batch.push(`${String(id)} ${String(stock)} ${String(text)}`);
    if (batch.length === 10_000) add();
  }
  add();
  return hash.digest();
}

/** Names, modes and bytes; not what git keeps for itself, which it may pack in another way. */
async function digestOfTree(directory: string): Promise<string> {
  const hash = createHasher();
  const add = (text: string): void => hash.update(Buffer.from(text));
  const look = async (at: string): Promise<void> => {
    const stats = await lstat(at);
    add(`${path.relative(directory, at)} ${stats.mode}\0`);
    if (stats.isSymbolicLink()) add(await readlink(at));
    else if (stats.isDirectory()) {
      const names = (await readdir(at)).filter((name) => name !== '.git').toSorted();
      for (const name of names) await look(path.join(at, name));
    } else {
      add(`${Math.floor(stats.size)}\0`);
      for await (const piece of createReadStream(at, { highWaterMark: 1024 * 1024 }))
        hash.update(piece as Buffer);
    }
  };
  await look(directory);
  return hash.digest();
}

/** Throws with the parts that differ. */
export function requireSame(what: string, expected: Fingerprint, found: Fingerprint): void {
  const different = Object.keys(expected).filter((part) => expected[part] !== found[part]);
  if (different.length === 0) return;
  const parts = different.map((part) => `${part}: ${expected[part]} became ${found[part]}`);
  throw new Error(`${what} is not exact:\n${parts.join('\n')}`);
}
