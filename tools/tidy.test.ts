// The house rules that a machine can hold. Each test lists every breach at once, as path:line and what to do instead.
// ARCHITECTURE.md says why the rules are as they are.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findFiles, readSources, ROOT, type SourceFile } from './tidy/source-files.ts';

const sources = readSources();
const product = sources.filter((file) => !file.isTest);

function breaches(
  files: readonly SourceFile[],
  find: (file: SourceFile) => Iterable<string>,
): readonly string[] {
  return files.flatMap((file) => [...find(file)].map((what) => `${file.path}: ${what}`));
}

function none(found: readonly string[]): void {
  if (found.length > 0) assert.fail(`\n${found.join('\n')}\n`);
}

/** Written with a gap, so that this file does not breach its own rule. */
function pieced(...words: readonly string[]): string {
  return words.map((word) => word.replace('_', '')).join('|');
}

/** Lines of code that match, as `line N: text`. */
function* linesMatching(file: SourceFile, pattern: RegExp): Iterable<string> {
  for (const [index, line] of file.code.split('\n').entries()) {
    if (pattern.test(line)) yield `about line ${index + 1}: ${line.trim()}`;
  }
}

const within = (file: SourceFile, ...places: readonly string[]): boolean =>
  places.some((place) => file.path.startsWith(place));

test('there is something to check', () => {
  assert.ok(sources.length > 50, `only ${sources.length} files were found`);
});

test('no file is longer than 400 lines', () => {
  none(
    breaches(sources, (file) =>
      file.lines.length > 401 ? [`${file.lines.length - 1} lines; split it by duty`] : [],
    ),
  );
});

test('names are kebab-case and say something', () => {
  none(
    breaches(sources, function* (file) {
      const name = path.posix.basename(file.path);
      // The names of these two are the interface.
      if (/^stillpoint\.(config|extension)\.ts$/.test(name)) return;
      // Two that Stillpoint itself looks for.
      if (/^stillpoint\.(config|extension)\.ts$/.test(name)) return;
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name)) yield 'the name is not kebab-case';
      if (/^(utils?|common|helpers?|misc|shared|lib|types)\b/.test(name))
        yield 'name it for its duty';
    }),
  );
});

test('each file says its duty at its top', () => {
  // An index.ts is a list, and a test is named by what it tests.
  const files = sources.filter((file) => !/(^|\/)index\.ts$|\.test\.ts$/.test(file.path));
  none(
    breaches(files, (file) =>
      /^(\/\/|\/\*|#!)/.test(file.lines[0] ?? '') ? [] : ['the first line is no comment'],
    ),
  );
});

test('nothing is left to do', () => {
  const marks = new RegExp(`\\b(${pieced('TO_DO', 'FIX_ME', 'X_XX', 'HA_CK')})\\b`);
  none(
    breaches(sources, function* (file) {
      for (const [index, line] of file.lines.entries())
        if (marks.test(line)) yield `line ${index + 1}: ${line.trim()}`;
    }),
  );
});

test('the process belongs to the command', () => {
  // The main module of a process of its own may end itself, but reads no environment.
  const rest = product.filter((file) => !within(file, 'packages/stillpoint/'));
  none(breaches(rest, (file) => linesMatching(file, /\bprocess\.env\b|\bconsole\./)));
  none(
    breaches(
      rest.filter((file) => !/(-process|supervisor)\.ts$/.test(file.path)),
      (file) => linesMatching(file, /\bprocess\.(exit|exitCode)\b/),
    ),
  );
});

test('SQL is spoken by sources, the catalog, persistence, postgres, SQL over lenses and the demonstration', () => {
  const sql =
    /['"`]\s*(select\s|insert into\s|update \S+ set\s|delete from\s|create (table|database|role|unique|index)\s|alter (system|role|database|table)\s|drop (table|database|role)\s|begin;|vacuum\b|pragma\s)/i;
  const rest = product.filter(
    (file) =>
      !within(
        file,
        'packages/engine/src/sources/',
        'packages/engine/src/catalog/',
        'packages/persistence/src/',
        'packages/postgres/src/',
        'packages/sim/src/lens/sql/',
        // Its examples.
        'packages/stillpoint/src/cli/lens/sql.ts',
        'packages/stillpoint/src/cli/demo/',
      ),
  );
  none(breaches(rest, (file) => linesMatching(file, sql)));
});

test('git is run by the federation and the demonstration', () => {
  const calls = /\b(spawn|spawnSync|execFile|execFileSync|exec|execSync|run)\(\s*['"`]git\b/;
  const rest = product.filter(
    (file) => !within(file, 'packages/engine/src/federation/', 'packages/stillpoint/src/cli/demo/'),
  );
  none(breaches(rest, (file) => linesMatching(file, calls)));
});

test('packages look one way: core and postgres, then engine, persistence and sim, then stillpoint', () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    core: [],
    postgres: [],
    engine: ['@stillpoint/core', '@stillpoint/postgres'],
    persistence: ['@stillpoint/core', '@stillpoint/postgres'],
    sim: ['@stillpoint/core'],
    stillpoint: [
      '@stillpoint/core',
      '@stillpoint/engine',
      '@stillpoint/persistence',
      '@stillpoint/postgres',
      '@stillpoint/sim',
    ],
  };
  none(
    breaches(sources, function* (file) {
      const own = /^packages\/([^/]+)\//.exec(file.path)?.[1];
      if (own === undefined) return;
      for (const { specifier, target } of file.imports) {
        const house = /^(@stillpoint\/[^/]+|stillpoint$)/.exec(specifier)?.[1];
        if (house !== undefined && !allowed[own]?.includes(house))
          yield `${own} may not import ${specifier}`;
        if (target !== undefined && !target.startsWith(`packages/${own}/`))
          yield `${specifier} leaves the package`;
      }
    }),
  );
});

/** `vault`, `sources/postgres`: the folders of the libraries with a door of their own. */
function roomOf(file: string): string | undefined {
  const engine = /^packages\/engine\/src\/(sources\/[^/]+|[^/]+)\//.exec(file)?.[1];
  return engine ?? /^packages\/(?:persistence|sim)\/src\/([^/]+)\//.exec(file)?.[1];
}

test('rooms of engine, persistence and sim meet at their doors', () => {
  const rooms = product.filter((file) =>
    within(file, 'packages/engine/src/', 'packages/persistence/src/', 'packages/sim/src/'),
  );
  none(
    breaches(rooms, function* (file) {
      const own = roomOf(file.path);
      for (const { specifier, target } of file.imports) {
        if (target === undefined) continue;
        const other = roomOf(target);
        if (other === undefined || other === own) continue;
        if (!/\/(index|contract|resolved)\.ts$/.test(target))
          yield `${specifier}: use the room's index.ts or contract.ts`;
      }
    }),
  );
});

test('drivers see neither the vault nor what orchestrates them nor each other', () => {
  const drivers = product.filter((file) =>
    /^packages\/engine\/src\/(sources\/[^/]+|federation)\//.test(file.path),
  );
  none(
    breaches(drivers, function* (file) {
      const own = roomOf(file.path);
      for (const { specifier, target } of file.imports) {
        const other = target === undefined ? undefined : roomOf(target);
        if (other === undefined || other === own) continue;
        const contractOnly = target?.endsWith('/contract.ts') === true && other !== 'vault';
        if (
          /^(vault|snapshot|restore|catalog)$/.test(other) ||
          (other.startsWith('sources/') && !contractOnly)
        ) {
          yield `a driver may not import ${specifier}`;
        }
      }
    }),
  );
});

test('imports are relative with .ts, or of a package that is a dependency', () => {
  none(
    breaches(sources, function* (file) {
      const own = /^(packages\/[^/]+)\//.exec(file.path)?.[1];
      const manifest = JSON.parse(
        readFileSync(path.join(ROOT, own ?? '.', 'package.json'), 'utf8'),
      ) as Manifest;
      // Those for development are taken into the built form (tools/build).
      const { dependencies, optionalDependencies, devDependencies, peerDependencies } = manifest;
      const known = {
        ...dependencies,
        ...optionalDependencies,
        ...devDependencies,
        ...peerDependencies,
      };
      for (const { specifier, target } of file.imports) {
        if (target !== undefined && !/\.(ts|js|mjs|json)$/.test(target))
          yield `${specifier} has no extension`;
        if (target !== undefined || own === undefined || specifier.startsWith('node:')) continue;
        const name = specifier.startsWith('@')
          ? specifier.split('/').slice(0, 2).join('/')
          : (specifier.split('/')[0] ?? '');
        if (!Object.hasOwn(known, name)) yield `${name} is no dependency of ${own}`;
      }
    }),
  );
});

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

test('no module needs itself', () => {
  const graph = new Map(
    sources.map((file) => [
      file.path,
      file.imports.flatMap(({ target, typeOnly }) =>
        target === undefined || typeOnly ? [] : [target],
      ),
    ]),
  );
  none(findCycles(graph));
});

function findCycles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    if (trail.includes(name)) cycles.push([...trail.slice(trail.indexOf(name)), name].join(' -> '));
    else if (!done.has(name)) {
      for (const next of graph.get(name) ?? []) visit(next, [...trail, name]);
      done.add(name);
    }
  };
  for (const name of graph.keys()) visit(name, []);
  return cycles;
}

test('nothing names the machine that it was written on', () => {
  const pattern = new RegExp(
    pieced(
      '/wo_rk/',
      '[.]lib_rary/',
      'sha_red/(research|design|requirements)',
      '/ro_ot/[.]',
      'sub_agent',
    ),
  );
  const texts = findFiles(
    '*.{md,json,js}',
    '.ci/*',
    'docs/**/*.{md,svg}',
    'packages/**/*.{ts,js,json,md}',
    'tools/**/*',
    'test/**/*.*',
    'bench/**/*.*',
    'examples/**/*.*',
  );
  const found = texts
    .filter((name) => /\.\w+$|^\.ci\//.test(name))
    .flatMap((name) =>
      readFileSync(path.join(ROOT, name), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          pattern.test(line) ? [`${name}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
  none(found);
});

test('links between documents lead somewhere', () => {
  const documents = findFiles('*.md', 'docs/**/*.md');
  const existing = new Set(findFiles('**/*.*', 'LICENSE', '.ci/run'));
  const isThere = (target: string): boolean =>
    existing.has(target) ||
    [...existing].some((name) => name.startsWith(`${target.replace(/\/$/, '')}/`));
  const broken = documents.flatMap((name) => {
    const text = readFileSync(path.join(ROOT, name), 'utf8');
    return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return [];
      const target = path.posix.join(path.posix.dirname(name), link);
      return isThere(target) ? [] : [`${name}: ${link}`];
    });
  });
  none(broken);
});
