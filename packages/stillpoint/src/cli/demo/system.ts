// The small system of the demonstration: a core and two extensions, each a git repository, and the tables that its
// programs write. `core/counter.txt`, the table `counter` and the newest commit always say the same number.
import type { Client } from 'pg';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Git } from './git.ts';

export const MEMBERS = ['core', 'extensions/billing', 'extensions/search'] as const;

/** Work that nobody committed: the agent will destroy it, the restore must bring it back. */
export const UNCOMMITTED = [
  'core/notes.md',
  'core/draft.sql',
  'extensions/search/ranking.ts',
] as const;

const files: Readonly<Record<string, string>> = {
  'core/app.ts': "export const greeting = 'hello';\n",
  'core/counter.txt': '0\n',
  'core/notes.md': '# Notes\n',
  'extensions/billing/invoice.ts': 'export const vat = 0.19;\n',
  'extensions/billing/last-tick.txt': '0\n',
  'extensions/search/ranking.ts': 'export const boost = 1;\n',
  'extensions/search/last-tick.txt': '0\n',
};

const config = `import { defineConfig } from 'stillpoint';

export default defineConfig({
  members: ['core', 'extensions/*'],
  sources: { db: { driver: 'postgres' } },
});
`;

export async function buildFiles(directory: string, git: Git): Promise<void> {
  await writeFile(path.join(directory, 'stillpoint.config.ts'), config);
  for (const member of MEMBERS) {
    const place = path.join(directory, member);
    await mkdir(place, { recursive: true });
    await git(place, 'init', '-q', '-b', 'main');
  }
  for (const [name, text] of Object.entries(files))
    await writeFile(path.join(directory, name), text);
  for (const member of MEMBERS) {
    const place = path.join(directory, member);
    await git(place, 'add', '-A');
    await git(place, 'commit', '-q', '-m', 'tick 0');
  }
  // Uncommitted on purpose: changed, untracked, and changed in both index and work tree.
  await writeFile(path.join(directory, 'core/notes.md'), '# Notes\nAsk Ada about the rounding.\n');
  await writeFile(path.join(directory, 'core/draft.sql'), 'select 42;\n');
  const ranking = path.join(directory, 'extensions/search/ranking.ts');
  await writeFile(ranking, 'export const boost = 2;\n');
  await git(path.dirname(ranking), 'add', 'ranking.ts');
  await writeFile(ranking, 'export const boost = 3;\n');
}

export async function buildTables(client: Client): Promise<void> {
  await client.query(`
    create table counter (one bool primary key default true check (one), n bigint not null);
    create table ledger (n bigint primary key, note text not null);
    create table event (worker int, seq bigint, payload text not null, primary key (worker, seq));
    insert into counter (n) values (0);
  `);
}
