// The types of a library, for whoever writes a configuration or a program in TypeScript: what the public list reaches, a file for each
// source, and what the packages of this house say of each other by a path instead of a name.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT, type Published } from './published.ts';

const house: Readonly<Record<string, string>> = {
  '@stillpoint/core': 'core/src/index',
  '@stillpoint/engine': 'engine/src/index',
  '@stillpoint/postgres': 'postgres/src/index',
};
const PACKAGES = path.join(ROOT, 'packages');

/** Below `directory`, where `packages` is in this house: `<package>/src/index.d.ts`. */
export async function writeDeclarations(
  { entries, library }: Published,
  directory: string,
): Promise<void> {
  const files = library.map((name) => path.join(ROOT, entries[name] ?? ''));
  const made = await mkdtemp(path.join(tmpdir(), 'stillpoint-types-'));
  try {
    await emit(files, made);
    const waiting = files.map(declarationOf);
    const seen = new Set(waiting);
    for (const name of waiting) {
      const { text, needed } = rewrite(await readFile(path.join(made, name), 'utf8'), name);
      for (const other of needed) {
        if (seen.has(other) || !existsSync(path.join(made, other))) continue;
        seen.add(other);
        waiting.push(other);
      }
      const target = path.join(directory, name);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, text);
    }
  } finally {
    await rm(made, { recursive: true });
  }
}

function declarationOf(file: string): string {
  return path.relative(PACKAGES, file).replace(/\.ts$/, '.d.ts');
}

async function emit(files: readonly string[], outDir: string): Promise<void> {
  const project = {
    extends: path.join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rewriteRelativeImportExtensions: true,
      outDir,
      rootDir: PACKAGES,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      // What is found by a package's name counts as somebody else's, and nothing is emitted of it.
      paths: Object.fromEntries(
        Object.entries(house).map(([name, file]) => [name, [path.join(PACKAGES, `${file}.ts`)]]),
      ),
    },
    include: [],
    files,
  };
  const file = path.join(outDir, 'tsconfig.json');
  await writeFile(file, JSON.stringify(project));
  const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', file]);
}

/** `name` is the file's own, as are those that it needs. */
function rewrite(text: string, name: string): { text: string; needed: readonly string[] } {
  const needed: string[] = [];
  const own = path.posix.dirname(name);
  const rewritten = text.replaceAll(
    /((?:from|import\() ?)(['"])([^'"]+)\2/g,
    (whole, before: string, quote: string, named: string) => {
      const file = house[named] ?? (named.startsWith('.') ? path.posix.join(own, named) : '');
      if (file === '') return whole;
      const bare = file.replace(/\.[tj]s$/, '');
      needed.push(`${bare}.d.ts`);
      const relative = path.posix.relative(own, `${bare}.js`);
      return `${before}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`;
    },
  );
  return { text: rewritten, needed };
}
