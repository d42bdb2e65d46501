// A small project of everything that needs no server, of which many snapshots are taken with a small change before each.
import { createStillpoint, loadConfig, type Stillpoint } from '@stillpoint/engine';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { run, type Place } from '../place.ts';

const uploads = 200;
const rows = 20_000;

export interface ManyProject extends Disposable {
  readonly directory: string;
  readonly vaultDirectory: string;
  /** A row, a file and a commit. */
  change(): Promise<void>;
  /** Through the library, opened anew as a command does. */
  open(): Promise<Stillpoint>;
}

export async function createManyProject(place: Place): Promise<ManyProject> {
  const directory = path.join(place.directory, 'many');
  const code = path.join(directory, 'code');
  await mkdir(path.join(directory, 'uploads'), { recursive: true });
  await mkdir(code);
  // Only one that is there is used by the command, for what Node makes of its sources.
  await mkdir(path.join(place.directory, 'cache'), { mode: 0o700 });
  const git = (...args: readonly string[]): Promise<string> =>
    run('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args], {
      cwd: code,
      signal: place.signal,
    });
  await git('init', '-q', '-b', 'main');
  for (let n = 0; n < uploads; n++) await writeUpload(directory, n, 'first');
  const database = new DatabaseSync(path.join(directory, 'app.db'));
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO item SELECT i, 'item ' || i FROM n`);
  const configFile = path.join(directory, 'stillpoint.config.json');
  const sources = {
    app: { driver: 'sqlite', file: 'app.db' },
    uploads: { driver: 'files', path: 'uploads' },
  };
  await writeFile(configFile, JSON.stringify({ members: ['code'], sources }));
  const environment = { version: 'bench', binariesDirectory: path.join(place.directory, 'cache') };
  let round = 0;
  return {
    directory,
    vaultDirectory: path.join(directory, '.stillpoint', 'vault'),
    async change() {
      round += 1;
      await writeUpload(directory, round % uploads, `round ${round}`);
      const update = database.prepare('UPDATE item SET text = ? WHERE id = ?');
      update.run(`changed in round ${round}`, 1 + ((round * 7919) % rows));
      await writeFile(path.join(code, `source-${round % 50}`), `round ${round}\n`);
      await git('add', '.');
      await git('commit', '-q', '-m', `round ${round}`);
    },
    async open() {
      return createStillpoint(await loadConfig(configFile), environment);
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function writeUpload(directory: string, n: number, word: string): Promise<void> {
  return writeFile(path.join(directory, 'uploads', `${n}.txt`), `${word} `.repeat(400));
}
