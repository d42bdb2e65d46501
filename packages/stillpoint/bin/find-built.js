// What to start: the built form where it is up to date, else the sources. Plain JavaScript as all that runs before the right Node does.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const house = path.join(packageDirectory, '../..');

/** Of a built form made in a checkout: what it was made from. */
export const SOURCES_NAME = 'sources.txt';
export const SOURCE_ENTRY = path.join(packageDirectory, 'src/cli/main.ts');

/** The built command; undefined in a checkout where nothing was built, or something has changed since. */
export function findBuilt(directory = path.join(packageDirectory, 'dist')) {
  const entry = path.join(directory, 'main.js');
  if (!existsSync(SOURCE_ENTRY)) return entry;
  try {
    const made = readFileSync(path.join(directory, SOURCES_NAME), 'utf8');
    return made === listSources() && existsSync(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Every file that a built form is made from, with its size and time: nothing is read, so that it costs some milliseconds only. */
export function listSources() {
  const lines = [];
  const add = (name) => {
    const { mtimeMs, size } = statSync(path.join(house, name));
    lines.push(`${name} ${size} ${mtimeMs}\n`);
  };
  const walk = (directory) => {
    for (const found of readdirSync(path.join(house, directory), { withFileTypes: true })) {
      const name = `${directory}/${found.name}`;
      if (found.isDirectory()) walk(name);
      else if (found.name.endsWith('.ts') && !found.name.endsWith('.test.ts')) add(name);
    }
  };
  for (const one of ['core', 'engine', 'persistence', 'postgres', 'sim', 'stillpoint']) {
    walk(`packages/${one}/src`);
    add(`packages/${one}/package.json`);
  }
  walk('tools/build');
  add('package-lock.json');
  // Before Node 20 there is no toSorted().
  // oxlint-disable-next-line unicorn/no-array-sort, typescript/require-array-sort-compare
  return lines.sort().join('');
}
