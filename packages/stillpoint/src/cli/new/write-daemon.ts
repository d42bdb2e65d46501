// Writes a new daemon: the files of the example that the tests run and the guide explains, under a name of its own. Read from
// beside the built command, or from the repository.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyDirectory } from '../empty-directory.ts';
import { daemonReadme } from './readme.ts';
import { templateFiles } from './template-files.ts';

export interface WrittenDaemon {
  readonly name: string;
  /** Relative to the directory. */
  readonly files: readonly string[];
}

/** TARGET_NOT_EMPTY. All is read before anything is written. */
export async function writeDaemon(directory: string): Promise<WrittenDaemon> {
  const from = templateDirectory();
  const name = packageName(path.basename(directory));
  const texts = new Map<string, string>();
  for (const file of templateFiles) texts.set(file, await readFile(path.join(from, file), 'utf8'));
  const manifest = texts.get('package.json') ?? '';
  texts.set('package.json', manifest.replace('"agent-daemon"', JSON.stringify(name)));
  texts.set('README.md', daemonReadme(name));
  await emptyDirectory(directory);
  for (const [file, text] of texts) {
    const target = path.join(directory, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text, { flag: 'wx' });
  }
  return { name, files: [...texts.keys()].toSorted() };
}

function templateDirectory(): string {
  const built = fileURLToPath(new URL('./templates/daemon', import.meta.url));
  return existsSync(built)
    ? built
    : fileURLToPath(new URL('../../../../../examples/agent-daemon', import.meta.url));
}

/** As npm takes it. */
export function packageName(directory: string): string {
  const name = directory
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '');
  return name === '' || name === 'node_modules' ? 'daemon' : name;
}
