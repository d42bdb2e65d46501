// From what is written under `sources` to what the engine sees; and the rules that need more than one key.
import { failure } from '@stillpoint/core';
import { flawOf } from '@stillpoint/postgres';
import path from 'node:path';
import { describeValue, invalidKey } from './parse.ts';
import { refuseAbove } from './written-path.ts';
import { isProtectedSetting } from './protected-settings.ts';
import type {
  ManagedPostgresSource,
  PostgresByUrlSource,
  ResolvedAddress,
  ResolvedMember,
  ResolvedSource,
} from './resolved.ts';
import type { ParsedConfig } from './user-config.ts';

export const DEFAULT_DATABASE = 'app';
export const DEFAULT_ENV_FILE = '.env';
/** As `stillpoint run` has it. */
export const DEFAULT_RUNS = './checkpoints';

type UserSource = NonNullable<ParsedConfig['sources']>[string];
type UserPostgres = Extract<UserSource, { driver: 'postgres' }>;
type UserPostgresByUrl = Extract<UserPostgres, { url: unknown }>;
type UserManagedPostgres = Exclude<UserPostgres, UserPostgresByUrl>;

export interface SourcesContext {
  readonly projectDirectory: string;
  readonly members: readonly ResolvedMember[];
  readonly file: string;
}

export function resolveSources(
  written: Readonly<Record<string, UserSource>>,
  context: SourcesContext,
): readonly ResolvedSource[] {
  const resolved = Object.entries(written).map(([name, source]) => {
    checkName(name, context);
    return resolveSource(name, source, context);
  });
  refuseClashes(resolved, context);
  return resolved;
}

function checkName(name: string, { file, members }: SourcesContext): void {
  const key = `sources.${name}`;
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
    const expected = 'named with up to 32 of a-z, 0-9, _ and -, starting with a letter';
    throw invalidKey(file, key, expected, JSON.stringify(name));
  }
  // A snapshot knows members and sources by one kind of name.
  if (members.some((member) => member.path === name)) {
    throw invalidKey(file, key, 'a name that no member has as its path', JSON.stringify(name));
  }
}

function resolveSource(name: string, source: UserSource, context: SourcesContext): ResolvedSource {
  const key = `sources.${name}`;
  if (source.driver === 'sqlite') {
    return { name, driver: 'sqlite', file: inProject(source.file, `${key}.file`, context) };
  }
  if (source.driver === 'run') {
    const directory = inProject(source.directory ?? DEFAULT_RUNS, `${key}.directory`, context);
    return { name, driver: 'run', directory, run: source.run ?? 'latest' };
  }
  if (source.driver === 'files') {
    const exclude = source.exclude ?? [];
    for (const [index, pattern] of exclude.entries()) {
      refuseAbove(pattern, `${key}.exclude[${index}]`, 'the directory', context.file);
    }
    return {
      name,
      driver: 'files',
      path: inProject(source.path, `${key}.path`, context),
      exclude,
    };
  }
  if ('url' in source) return resolveByUrl(name, source, key, context);
  return resolveManaged(name, source, key, context);
}

function resolveManaged(
  name: string,
  source: UserManagedPostgres,
  key: string,
  { file }: SourcesContext,
): ManagedPostgresSource {
  return {
    name,
    driver: 'postgres',
    ...(source.port === undefined ? {} : { port: source.port }),
    database: source.database ?? DEFAULT_DATABASE,
    settings: resolveSettings(source.settings ?? {}, `${key}.settings`, file),
    ...(source.walLimit === undefined ? {} : { walLimitBytes: source.walLimit }),
  };
}

function resolveByUrl(
  name: string,
  source: UserPostgresByUrl,
  key: string,
  context: SourcesContext,
): PostgresByUrlSource {
  const { directUrl, programs } = source;
  return {
    name,
    driver: 'postgres-url',
    url: resolveAddress(source.url, `${key}.url`, context),
    ...(directUrl === undefined
      ? {}
      : { directUrl: resolveAddress(directUrl, `${key}.directUrl`, context) }),
    ...(programs === undefined
      ? {}
      : { programs: path.resolve(context.projectDirectory, programs) }),
  };
}

function resolveAddress(
  written: UserPostgresByUrl['url'],
  key: string,
  context: SourcesContext,
): ResolvedAddress {
  if (typeof written !== 'string') {
    const file = written.file ?? DEFAULT_ENV_FILE;
    return { env: written.env, file: inProject(file, `${key}.file`, context) };
  }
  // What is refused may hold a password: it is not repeated.
  if (flawOf(written) !== undefined) {
    throw invalidKey(context.file, key, 'a postgresql:// address', 'another text');
  }
  return { url: written };
}

/** Outside, a restore into another directory would write over the original. */
function inProject(written: string, key: string, context: SourcesContext): string {
  const relative = path.relative(
    context.projectDirectory,
    path.resolve(context.projectDirectory, written),
  );
  const parts = relative.split(path.sep);
  if (relative === '' || parts[0] === '..' || path.isAbsolute(relative)) {
    throw invalidKey(context.file, key, 'a path inside the project', JSON.stringify(written));
  }
  if (parts.includes('.git') || parts.includes('.stillpoint')) {
    const expected = 'a path outside .git and .stillpoint';
    throw invalidKey(context.file, key, expected, JSON.stringify(written));
  }
  return parts.join('/');
}

function resolveSettings(
  settings: NonNullable<UserManagedPostgres['settings']>,
  key: string,
  file: string,
): Readonly<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/.test(name)) {
      const expected = 'the name of a setting of Postgres';
      throw invalidKey(file, `${key}.${name}`, expected, JSON.stringify(name));
    }
    if (isProtectedSetting(name))
      throw failure('SETTING_PROTECTED', { file, key: `${key}.${name}`, setting: name });
    const text = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
    // One setting is one line of postgresql.conf: a line break would smuggle in another one.
    if (/[\0\n\r]/.test(text))
      throw invalidKey(file, `${key}.${name}`, 'a text of one line', describeValue(value));
    resolved[name] = text;
  }
  return resolved;
}

/** What only one source may be or have. */
function refuseClashes(sources: readonly ResolvedSource[], context: SourcesContext): void {
  const { file } = context;
  const variables = new Map<string, string>();
  const places = new Map<string, string>();
  for (const source of sources) {
    const key = `sources.${source.name}`;
    // Both become STILLPOINT_DATABASE_URL_<NAME> in `exec`.
    const variable = source.name.replaceAll('-', '_');
    refuseSecond(variables, variable, source.name, () => [
      file,
      key,
      'a name that differs by more than - and _',
    ]);
    if (source.driver === 'sqlite') {
      refuseSecond(places, source.file, source.name, () => [
        file,
        `${key}.file`,
        'a file of its own',
      ]);
    }
    if (source.driver === 'run') {
      refuseSecond(places, source.directory, source.name, () => [
        file,
        `${key}.directory`,
        'a directory of its own',
      ]);
    }
  }
  refuseNestedFiles(sources, context);
  const managed = sources.filter(({ driver }) => driver === 'postgres');
  // A project has one cluster: two would share its directory. It is captured whole, with every database in it.
  if (managed.length > 1) {
    const names = managed.map(({ name }) => name).join(', ');
    const expected = 'one managed Postgres, which holds any number of databases';
    throw invalidKey(file, 'sources', expected, names);
  }
}

/** What lies in a directory that is captured as files would be captured, and restored, twice. */
function refuseNestedFiles(
  sources: readonly ResolvedSource[],
  { file, members }: SourcesContext,
): void {
  const placed = sources.flatMap((source) => {
    const name = `sources.${source.name}`;
    if (source.driver === 'sqlite') return [{ name, place: source.file }];
    if (source.driver === 'run') return [{ name, place: source.directory }];
    return source.driver === 'files' ? [{ name, place: source.path }] : [];
  });
  for (const member of members) placed.push({ name: `member ${member.path}`, place: member.path });
  for (const outer of sources) {
    if (outer.driver !== 'files') continue;
    const inner = placed.find(
      ({ name, place }) =>
        name !== `sources.${outer.name}` && `${place}/`.startsWith(`${outer.path}/`),
    );
    if (inner === undefined) continue;
    const expected = 'a directory that holds no other source or member';
    throw invalidKey(file, `sources.${outer.name}.path`, expected, `one with ${inner.name} within`);
  }
}

function refuseSecond(
  seen: Map<string, string>,
  value: string,
  name: string,
  words: () => readonly [file: string, key: string, expected: string],
): void {
  const earlier = seen.get(value);
  if (earlier !== undefined) throw invalidKey(...words(), `the same as sources.${earlier}`);
  seen.set(value, name);
}
