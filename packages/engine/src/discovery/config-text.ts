// The text of a new stillpoint.config.ts: what was chosen, and as comments what could be, with its reasons. No secret is in it:
// an address is the name of its variable.
import path from 'node:path';
import { DEFAULT_LOCK_KEY } from '../config/index.ts';
import type {
  Choice,
  Discovery,
  FoundDatabase,
  FoundPostgres,
  FoundRepository,
  FoundVariable,
} from './contract.ts';

/** What is taken when nobody is asked. */
export function chooseLikely({ repositories, databases, runs }: Discovery): Choice {
  return {
    repositories,
    databases: databases.filter((one) => one.kind !== 'postgres-unnamed' && one.likely),
    // Proposed as a comment only: how much that is, a person must decide.
    uploads: [],
    runs: runs.filter(({ likely }) => likely),
    secrets: true,
  };
}

export function writeConfigText(discovery: Discovery, choice: Choice): string {
  return [
    '// What Stillpoint captures of this project. `stillpoint init` wrote it; from now on it is yours.',
    '// `stillpoint doctor` says what works and what could be better.',
    "import { defineConfig } from 'stillpoint';",
    '',
    'export default defineConfig({',
    ...indented(membersText(discovery, choice)),
    '',
    ...indented(sourcesText(discovery, choice)),
    '});',
    '',
  ].join('\n');
}

function membersText({ repositories }: Discovery, choice: Choice): readonly string[] {
  const head = '// Git repositories, with what is not committed yet.';
  if (repositories.length === 0) {
    return [
      '// Git repositories. There is none yet: after `git init`, take the two slashes away.',
      "// members: ['.'],",
    ];
  }
  const chosen = new Set(choice.repositories.map((one) => one.path));
  const lines = repositories.flatMap((one) => {
    const line = memberText(one, choice.secrets);
    const left =
      choice.secrets || one.secrets.length === 0
        ? []
        : [
            comment(
              `git ignores ${one.secrets.join(', ')}: name it in \`include\` to have it in the snapshots.`,
            ),
          ];
    return chosen.has(one.path) ? [...left, line] : [`// ${line}`];
  });
  return [head, 'members: [', ...indented(lines), '],'];
}

function memberText({ path: place, secrets }: FoundRepository, withSecrets: boolean): string {
  const name = quoted(isGlob(place) ? escapeGlob(place) : place);
  if (!withSecrets || secrets.length === 0) return `${name},`;
  const include = secrets.map((file) => quoted(isGlob(file) ? escapeGlob(file) : file)).join(', ');
  return `{ path: ${name}, include: [${include}] },`;
}

function sourcesText(discovery: Discovery, choice: Choice): readonly string[] {
  const blocks = discovery.databases.map((one) => databaseText(one, choice));
  for (const one of discovery.uploads) {
    const line = `${key(one.name)}: { driver: 'files', path: ${quoted(one.path)} },`;
    blocks.push(
      choice.uploads.includes(one)
        ? [line]
        : [comment(`${one.path} is not in git. To have it in the snapshots:`), `// ${line}`],
    );
  }
  for (const one of discovery.runs) {
    const line = `${key(one.name)}: { driver: 'run', directory: ${quoted(one.path)} },`;
    const about = comment(`The run of a simulation in ${one.path} that was started last.`);
    const advice = one.likely ? [] : ['// Let git ignore them first, or they are captured twice.'];
    blocks.push(choice.runs.includes(one) ? [about, line] : [about, ...advice, `// ${line}`]);
  }
  if (discovery.databases.length === 0) blocks.unshift(managedText());
  const active = choice.databases.length + choice.uploads.length + choice.runs.length > 0;
  const inner = blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]));
  const head = '// Databases, and files that are in no repository.';
  return active || blocks.length > 0 ? [head, 'sources: {', ...indented(inner), '},'] : [];
}

function managedText(): readonly string[] {
  return [
    '// No database was found. Stillpoint can run a Postgres for you (stillpoint db start, stillpoint db url):',
    "// db: { driver: 'postgres' },",
    '// or capture one that you have:',
    "// db: { driver: 'postgres', url: { env: 'DATABASE_URL' } },",
  ];
}

function databaseText(one: FoundDatabase, choice: Choice): readonly string[] {
  const named = one.foundIn.length === 0 ? '' : `, found in ${one.foundIn.join(', ')}`;
  if (one.kind === 'postgres-unnamed') {
    const line = `${key(one.name)}: { driver: 'postgres', url: { env: ${quoted(one.variable)} } },`;
    return [comment(one.advice), '// Then:', `// ${line}`];
  }
  const chosen = choice.databases.includes(one);
  if (one.kind === 'sqlite') {
    const line = `${key(one.name)}: { driver: 'sqlite', file: ${quoted(one.file)} },`;
    const about = comment(`SQLite ${path.posix.basename(one.file)}${named}.`);
    const advice =
      one.journal === 'rollback'
        ? ['// PRAGMA journal_mode = WAL lets the application read while a snapshot is taken.']
        : [];
    return chosen ? [about, ...advice, line] : [about, `// ${line}`];
  }
  const line = `${key(one.name)}: ${postgresText(one)},`;
  const about = comment(`Postgres ${one.where}${named}.`);
  return chosen ? [about, ...freezeText(), line] : [about, `// ${line}`];
}

function freezeText(): readonly string[] {
  return [
    '// Its writers hold still for a snapshot when each of their transactions begins with',
    `//   SELECT pg_advisory_xact_lock_shared(${DEFAULT_LOCK_KEY});`,
  ];
}

function postgresText({ url, directUrl }: FoundPostgres): string {
  const direct = directUrl === undefined ? '' : `, directUrl: ${variableText(directUrl)}`;
  return `{ driver: 'postgres', url: ${variableText(url)}${direct} }`;
}

function variableText({ env, file }: FoundVariable): string {
  const place = file === undefined || file === '.env' ? '' : `, file: ${quoted(file)}`;
  return `{ env: ${quoted(env)}${place} }`;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** One line, whatever is in the names that it tells: a line break would make code of the rest. */
function comment(text: string): string {
  return `// ${text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ')}`;
}

function key(name: string): string {
  return /^[a-z]\w*$/.test(name) ? name : quoted(name);
}

function quoted(text: string): string {
  const json = JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  return /['"\\]/.test(text) ? json : `'${json.slice(1, -1)}'`;
}

function isGlob(text: string): boolean {
  return /[*?[\]{}]/.test(text);
}

/**
 * The configuration takes globs: of a directory that is called like one, each such letter is put into brackets. Braces and
 * backslashes keep their meaning there, so any letter in their place must do.
 */
function escapeGlob(text: string): string {
  return text.replaceAll(/[*?[()!]/g, '[$&]').replaceAll(/[{}\\]/g, '?');
}
