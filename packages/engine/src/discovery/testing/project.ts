// A project directory made for a test of the search: real git, real SQLite, and what frameworks leave lying around.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import type { Variables } from '../../config/index.ts';
import type { Discovery } from '../contract.ts';
import { discoverProject } from '../discover.ts';

export interface Project {
  readonly directory: string;
  git(where: string, ...args: string[]): void;
  /** git init, with one commit of what is there. */
  repository(where?: string): Promise<void>;
  write(file: string, text: string): Promise<void>;
  sqlite(file: string, journal?: 'wal' | 'delete'): Promise<void>;
  discover(environment?: Variables): Promise<Discovery>;
}

export async function makeProject(t: TestContext): Promise<Project> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-discovery-')));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const place = async (file: string): Promise<string> => {
    const absolute = path.join(directory, file);
    await mkdir(path.dirname(absolute), { recursive: true });
    return absolute;
  };
  const git = (where: string, ...args: string[]): void => {
    const settings = ['user.name=T', 'user.email=t@example.org', 'protocol.file.allow=always'];
    const words = [...settings.flatMap((one) => ['-c', one]), ...args];
    execFileSync('git', words, { cwd: path.join(directory, where), stdio: 'pipe' });
  };
  return {
    directory,
    git,
    async repository(where = '.') {
      await mkdir(path.join(directory, where), { recursive: true });
      git(where, 'init', '-q', '-b', 'main');
      git(where, 'add', '.');
      git(where, 'commit', '-q', '--allow-empty', '-m', 'first');
    },
    write: async (file, text) => writeFile(await place(file), text),
    async sqlite(file, journal = 'wal') {
      const database = new DatabaseSync(await place(file));
      database.exec(
        `PRAGMA journal_mode = ${journal}; CREATE TABLE t (x); INSERT INTO t VALUES (1)`,
      );
      database.close();
    },
    discover: (environment = {}) => discoverProject(directory, environment),
  };
}
