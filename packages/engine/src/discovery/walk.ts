// Looks through a project once, not deeper than four directories, and keeps what could matter by its name. Symbolic links are
// not followed: what they lead to is found where it is, or is not part of the project.
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** Paths relative to the directory, '/' between parts, in ascending order. */
export interface Walked {
  /** Directories with a `.git`; '.' for the directory itself. */
  readonly repositories: readonly string[];
  readonly environmentFiles: readonly string[];
  readonly prismaSchemas: readonly string[];
  readonly prismaConfigs: readonly string[];
  readonly drizzleConfigs: readonly string[];
  readonly composeFiles: readonly string[];
  /** By name; what they are is not looked at yet. */
  readonly databaseFiles: readonly string[];
  /** Of runs of simulations. */
  readonly checkpointFiles: readonly string[];
  /** Directories whose name says that they hold data. */
  readonly dataDirectories: readonly string[];
  /** There was more than is worth looking at; the rest was left out. */
  readonly truncated: boolean;
}

type Kind = Exclude<keyof Walked, 'truncated'>;

const deepest = 4;
const mostEntries = 50_000;

/** Other people's code, caches and what is built: nothing in there is the only copy of anything. */
const skipped = new Set(
  (
    '.git .stillpoint node_modules .pnpm-store .yarn .venv venv __pycache__ .tox .mypy_cache .pytest_cache ' +
    '.cache cache .next .nuxt .svelte-kit .turbo .vercel .output .parcel-cache dist build out target coverage tmp'
  ).split(' '),
);

const dataNames = /^(uploads?|storage|data|media|attachments|user-?files|lens)$/i;

const byName: readonly (readonly [RegExp, Kind])[] = [
  [/^\.env(\.local|\.development|\.development\.local)?$/, 'environmentFiles'],
  [/\.prisma$/, 'prismaSchemas'],
  [/^prisma\.config\.(ts|mts|cts|js|mjs|cjs)$/, 'prismaConfigs'],
  [/^drizzle([.-][\w-]+)?\.config\.(ts|mts|js|mjs|cjs|json)$/, 'drizzleConfigs'],
  [/^(docker-)?compose([.-][\w-]+)?\.ya?ml$/, 'composeFiles'],
  [/\.(db|sqlite|sqlite3|db3)$/i, 'databaseFiles'],
  [/^checkpoint_\d{10,16}\.ckpt$/, 'checkpointFiles'],
];

/** A directory that cannot be read is left out: finding less is no harm here. */
export async function walkProject(directory: string, signal?: AbortSignal): Promise<Walked> {
  const found: Record<Kind, string[]> = {
    repositories: [],
    environmentFiles: [],
    prismaSchemas: [],
    prismaConfigs: [],
    drizzleConfigs: [],
    composeFiles: [],
    databaseFiles: [],
    checkpointFiles: [],
    dataDirectories: [],
  };
  let seen = 0;
  const visit = async (place: string, depth: number): Promise<void> => {
    signal?.throwIfAborted();
    const entries = await readdir(path.join(directory, place), { withFileTypes: true }).catch(
      (): Dirent[] => [],
    );
    for (const entry of entries.toSorted(byEntryName)) {
      if (++seen > mostEntries) return;
      const at = place === '' ? entry.name : `${place}/${entry.name}`;
      // A directory, or a file in submodules and linked work trees.
      if (entry.name === '.git') found.repositories.push(place === '' ? '.' : place);
      else if (entry.isFile()) {
        for (const [pattern, kind] of byName) if (pattern.test(entry.name)) found[kind].push(at);
      } else if (entry.isDirectory() && !skipped.has(entry.name)) {
        if (dataNames.test(entry.name)) found.dataDirectories.push(at);
        if (depth < deepest) await visit(at, depth + 1);
      }
    }
  };
  await visit('', 0);
  for (const list of Object.values(found)) list.sort();
  return { ...found, truncated: seen > mostEntries };
}

function byEntryName(one: Dirent, other: Dirent): number {
  return one.name < other.name ? -1 : 1;
}
