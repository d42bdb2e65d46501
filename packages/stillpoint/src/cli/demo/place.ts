// Where the demonstration lives, and how it leaves nothing behind: directory, database server, and what root's
// databases keep outside the project.
import type { Stillpoint } from '@stillpoint/engine';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { emptyDirectory } from '../empty-directory.ts';

export interface Place {
  readonly directory: string;
  stopDatabase(stillpoint: Stillpoint): Promise<void>;
  remove(): Promise<void>;
}

/** A fresh temporary directory, or the named one, which must be empty or absent: TARGET_NOT_EMPTY. */
export async function preparePlace(cwd: string, named: string | undefined): Promise<Place> {
  const directory = await realpath(
    named === undefined
      ? await mkdtemp(path.join(tmpdir(), 'stillpoint-demo-'))
      : await emptyDirectory(path.resolve(cwd, named)),
  );
  const outside: string[] = [];
  return {
    directory,
    async stopDatabase(stillpoint) {
      const database = stillpoint.database();
      const { dataDirectory, socketDirectory } = await database.status();
      await database.stop();
      // ROOT/incarnations/UUID/data; run as root, ROOT lies outside the project.
      const root =
        dataDirectory === undefined ? undefined : path.resolve(dataDirectory, '../../..');
      for (const found of [root, socketDirectory]) {
        const isOurs =
          found !== undefined && path.basename(path.dirname(found)).startsWith('stillpoint');
        if (isOurs && !found.startsWith(directory)) outside.push(found);
      }
    },
    async remove() {
      await rm(directory, { recursive: true, force: true });
      for (const found of outside) await rm(found, { recursive: true, force: true });
    },
  };
}
