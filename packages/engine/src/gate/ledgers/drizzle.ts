// Drizzle: `__drizzle_migrations`, which knows a migration by the SHA-256 of its file and the time when it was made, later
// also by name. Its directory has a journal (`meta/_journal.json`), in 1.0 a folder for each migration.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { FileTree } from '../../federation/index.ts';
import {
  byDirectory,
  splitPath,
  type Ledger,
  type LedgerEntry,
  type Migration,
  type MigrationDirectory,
} from './contract.ts';

export const drizzle: Ledger = {
  kind: 'drizzle',
  title: 'Drizzle',
  knownByForm: true,
  tables: (all) => all.filter(({ name }) => name === '__drizzle_migrations'),
  async read(view, table) {
    const rows =
      (await view.readAll(table, ['hash', 'created_at', 'name'])) ??
      (await view.readAll(table, ['hash', 'created_at']));
    return rows?.map((row): LedgerEntry => {
      const { hash, created_at: createdAt, name } = row;
      const keys = [
        ...(hash == null || hash === '' ? [] : [hashKey(hash)]),
        ...(createdAt == null ? [] : [timeKey(Number(createdAt))]),
        ...(name == null ? [] : [nameKey(name)]),
      ];
      return { name: name ?? describe(hash ?? null, createdAt ?? null), keys, state: 'applied' };
    });
  },
  async directories(tree) {
    const wanted = /(^|\/)meta\/_journal\.json$|\/(migration\.sql|snapshot\.json)$/;
    const files = new Set(await tree.list((name) => wanted.test(name)));
    const journals = [...files].filter((file) => file.endsWith('meta/_journal.json'));
    const withJournal = await Promise.all(journals.map((file) => readJournal(tree, file)));
    const folders = [...files].filter(
      (file) => file.endsWith('/migration.sql') && files.has(`${splitPath(file)[0]}/snapshot.json`),
    );
    const inFolders = await Promise.all(folders.map((file) => readFolder(tree, file)));
    return [...withJournal.filter((found) => found !== undefined), ...byDirectory(inFolders)];
  },
};

const hashKey = (hash: string): string => `hash ${hash}`;
const timeKey = (ms: number): string => `time ${ms}`;
const nameKey = (name: string): string => `name ${name}`;

const journalSchema = z.object({
  entries: z.array(z.object({ when: z.number(), tag: z.string() })),
});

async function readJournal(tree: FileTree, file: string): Promise<MigrationDirectory | undefined> {
  const directory = splitPath(splitPath(file)[0])[0];
  const journal = parseJournal(await tree.read(file));
  if (journal === undefined) return undefined;
  const migrations = journal.entries.map(async ({ when, tag }): Promise<Migration> => {
    const content = await tree.read(directory === '.' ? `${tag}.sql` : `${directory}/${tag}.sql`);
    const keys = [timeKey(when), nameKey(tag), ...(content === undefined ? [] : [hashOf(content)])];
    return { name: tag, keys };
  });
  return { path: directory, migrations: await Promise.all(migrations) };
}

/** Another tool may have a file of that name. */
function parseJournal(content: Buffer | undefined): z.infer<typeof journalSchema> | undefined {
  if (content === undefined) return undefined;
  try {
    return journalSchema.safeParse(JSON.parse(content.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

async function readFolder(tree: FileTree, file: string): Promise<readonly [string, Migration]> {
  const [directory, name] = splitPath(splitPath(file)[0]);
  const content = await tree.read(file);
  const keys = [nameKey(name), ...(content === undefined ? [] : [hashOf(content)])];
  return [directory, { name, keys }];
}

function hashOf(content: Buffer): string {
  // As Drizzle does: over the text, so bytes that are no UTF-8 count as they are decoded.
  return hashKey(createHash('sha256').update(content.toString('utf8')).digest('hex'));
}

function describe(hash: string | null, createdAt: string | null): string {
  const made = new Date(Number(createdAt ?? Number.NaN));
  const when = Number.isNaN(made.getTime()) ? '' : ` of ${made.toISOString()}`;
  return `the one${when} (${hash?.slice(0, 12) ?? 'no hash'})`;
}
