// The types of the library, for whoever writes a configuration or a program in TypeScript: what the public list reaches, a file for each
// source, and what the packages of this house say of each other by a path instead of a name.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './bundle.ts';

const house: Readonly<Record<string, string>> = {
  '@stillpoint/core': 'core/src/index',
  '@stillpoint/engine': 'engine/src/index',
};
export const TYPES_ENTRY = 'stillpoint/src/index.d.ts';

/** Below `directory`, with `TYPES_ENTRY` first. */
export async function writeDeclarations(directory: string): Promise<void> {
  const made = await mkdtemp(path.join(tmpdir(), 'stillpoint-types-'));
  try {
    await emit(made);
    const waiting = [TYPES_ENTRY];
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

async function emit(outDir: string): Promise<void> {
  const packages = path.join(ROOT, 'packages');
  const project = {
    extends: path.join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rewriteRelativeImportExtensions: true,
      outDir,
      rootDir: packages,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      // What is found by a package's name counts as somebody else's, and nothing is emitted of it.
      paths: Object.fromEntries(
        Object.entries(house).map(([name, file]) => [name, [path.join(packages, `${file}.ts`)]]),
      ),
    },
    include: [],
    files: [path.join(packages, 'stillpoint/src/index.ts')],
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
