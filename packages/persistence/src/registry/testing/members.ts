// Member directories with real extension files, for the tests of this room and of whoever needs a federation.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const library = JSON.stringify('@stillpoint/persistence');

/** What most models need. */
export const imports = `
import { sql } from 'drizzle-orm';
import * as pg from 'drizzle-orm/pg-core';
import { defineExtension, uuidBase } from ${library};
const { pgTable, pgSchema, pgEnum, text, integer, uuid, index, uniqueIndex, unique, check } = pg;
`;

export interface Members extends AsyncDisposable {
  readonly directory: string;
  /** Writes one member whose extension file says `source`, and gives its directory. A directory is used once: modules are remembered. */
  add(name: string, source: string): Promise<string>;
  /** The same for several beside each other: they may import '../<name>/stillpoint.extension.ts'. Gives the directories. */
  addAll(sources: Readonly<Record<string, string>>): Promise<readonly string[]>;
}

export async function makeMembers(): Promise<Members> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-members-'));
  let count = 0;
  const addAll = async (sources: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    count += 1;
    return await Promise.all(
      Object.entries(sources).map(async ([name, source]) => {
        const member = path.join(directory, `${count}`, name);
        await mkdir(member, { recursive: true });
        await writeFile(path.join(member, 'stillpoint.extension.ts'), imports + source);
        return member;
      }),
    );
  };
  return {
    directory,
    addAll,
    add: async (name, source) => (await addAll({ [name]: source }))[0] ?? '',
    [Symbol.asyncDispose]: async () => {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
