// The repository's own files, read once, with the imports of each. What is generated, installed or captured is left out.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** From the repository's root, with '/'. */
  readonly path: string;
  readonly lines: readonly string[];
  /** The lines without comments; string contents are kept. */
  readonly code: string;
  readonly imports: readonly Import[];
  readonly isTest: boolean;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** The file it names, from the root, when it is relative. */
  readonly target: string | undefined;
}

const skipped = /(^|\/)(node_modules|dist|\.git|\.stillpoint)(\/|$)/;

export function findFiles(...patterns: readonly string[]): readonly string[] {
  return globSync([...patterns], { cwd: ROOT, exclude: (name) => skipped.test(name) })
    .filter((name) => !skipped.test(name))
    .toSorted();
}

export function readSources(): readonly SourceFile[] {
  return findFiles(
    'packages/*/src/**/*.ts',
    'tools/**/*.ts',
    'test/**/*.ts',
    'bench/**/*.ts',
    'examples/**/*.ts',
  ).map(readSource);
}

function readSource(name: string): SourceFile {
  const text = readFileSync(path.join(ROOT, name), 'utf8');
  return {
    path: name,
    lines: text.split('\n'),
    code: withoutComments(text),
    imports: importsOf(text, name),
    isTest: /\.test\.ts$|\/(testing|testkit)(\/|\.ts$)|^(test|bench|tools|examples)\//.test(name),
  };
}

/** Whole-line and block comments only: enough to keep prose out of the rules about code. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/\s\/\/ .*$/gm, '');
}

function importsOf(text: string, name: string): readonly Import[] {
  const found: Import[] = [];
  const statements = /^(?:import|export)\s+(type\s+)?([^'";]*?\bfrom\s+)?'([^']+)';/gm;
  for (const [, type, clause, specifier = ''] of text.matchAll(statements)) {
    found.push({
      specifier,
      typeOnly: type !== undefined || onlyTypes(clause),
      target: targetOf(specifier, name),
    });
  }
  for (const [, specifier = ''] of text.matchAll(/\bimport\('([^']+)'\)/g)) {
    found.push({ specifier, typeOnly: true, target: targetOf(specifier, name) });
  }
  return found;
}

/** `{ type A, type B }` is gone when the types are stripped. */
function onlyTypes(clause: string | undefined): boolean {
  const names = /\{([^}]*)\}\s+from\s+$/.exec(clause ?? '')?.[1];
  const listed =
    names
      ?.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '') ?? [];
  return listed.length > 0 && listed.every((one) => one.startsWith('type '));
}

function targetOf(specifier: string, name: string): string | undefined {
  return specifier.startsWith('.')
    ? path.posix.join(path.posix.dirname(name), specifier)
    : undefined;
}
