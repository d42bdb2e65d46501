// Completes a parsed configuration: defaults, absolute paths, and the rules that need more than one key. What comes
// out is all that the engine ever sees.
import { failure } from '@stillpoint/core';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { resolveMembers } from './members.ts';
import { describeValue, invalidKey, parseUserConfig } from './parse.ts';
import { resolveParticipants } from './participants.ts';
import { isProtectedSetting } from './protected-settings.ts';
import {
  DEFAULT_LOCK_KEY,
  type ResolvedConfig,
  type ResolvedMember,
  type ResolvedSource,
} from './resolved.ts';
import type { ParsedConfig } from './user-config.ts';

export const DEFAULT_BUDGET_MS = 2000;
export const DEFAULT_DATABASE = 'app';

export interface ResolveOptions {
  readonly projectDirectory: string;
  readonly configFile?: string;
  /** 'refuse' unless told; 'keep' for commands that must work although a repository was deleted. */
  readonly missingMembers?: 'refuse' | 'keep';
}

/** `value`: what the config file exports, or an object in its place. Rejects with the CONFIG_ and MEMBER_ errors. */
export async function resolveConfig(
  value: unknown,
  options: ResolveOptions,
): Promise<ResolvedConfig> {
  const file = options.configFile ?? 'the configuration';
  const parsed = parseUserConfig(value, file);
  const projectDirectory = await realpath(options.projectDirectory);
  const members = await resolveMembers(parsed.members ?? [], {
    projectDirectory,
    file,
    missingMembers: options.missingMembers ?? 'refuse',
  });
  const sources = resolveSources(parsed.sources ?? {}, file);
  return {
    projectDirectory,
    ...(options.configFile === undefined ? {} : { configFile: options.configFile }),
    members,
    sources,
    participants: resolveParticipants(parsed.participants ?? [], { sources, members, file }),
    freeze: {
      budgetMs: parsed.freeze?.budget ?? DEFAULT_BUDGET_MS,
      lockKey: parsed.freeze?.lockKey ?? DEFAULT_LOCK_KEY,
    },
    vault: await resolveVault(parsed.vault, { projectDirectory, members, file }),
  };
}

type UserSources = NonNullable<ParsedConfig['sources']>;

function resolveSources(sources: UserSources, file: string): readonly ResolvedSource[] {
  const resolved: ResolvedSource[] = [];
  const variables = new Map<string, string>();
  const ports = new Map<number, string>();
  for (const [name, source] of Object.entries(sources)) {
    const key = `sources.${name}`;
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) {
      throw invalidKey(
        file,
        key,
        'named with up to 32 of a-z, 0-9, _ and -, starting with a letter',
        JSON.stringify(name),
      );
    }
    // Both become STILLPOINT_DATABASE_URL_<NAME> in `exec`.
    refuseEqual(
      variables,
      name.replaceAll('-', '_'),
      name,
      file,
      key,
      'a name that differs by more than - and _',
    );
    if (source.port !== undefined)
      refuseEqual(ports, source.port, name, file, `${key}.port`, 'a port of its own');
    resolved.push({
      name,
      driver: source.driver,
      ...(source.port === undefined ? {} : { port: source.port }),
      database: source.database ?? DEFAULT_DATABASE,
      settings: resolveSettings(source.settings ?? {}, `${key}.settings`, file),
    });
  }
  // A project has one cluster: two would share its directory. It is captured whole, with every database in it.
  if (resolved.length > 1) {
    const names = resolved.map(({ name }) => name).join(', ');
    throw invalidKey(
      file,
      'sources',
      'one managed Postgres, which holds any number of databases',
      names,
    );
  }
  return resolved;
}

function refuseEqual<T>(
  seen: Map<T, string>,
  value: T,
  name: string,
  file: string,
  key: string,
  expected: string,
): void {
  const earlier = seen.get(value);
  if (earlier !== undefined)
    throw invalidKey(file, key, expected, `the same as sources.${earlier}`);
  seen.set(value, name);
}

type UserSettings = NonNullable<UserSources[string]['settings']>;

function resolveSettings(
  settings: UserSettings,
  key: string,
  file: string,
): Readonly<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/.test(name)) {
      throw invalidKey(
        file,
        `${key}.${name}`,
        'the name of a setting of Postgres',
        JSON.stringify(name),
      );
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

interface VaultContext {
  readonly projectDirectory: string;
  readonly members: readonly ResolvedMember[];
  readonly file: string;
}

async function resolveVault(written: string | undefined, context: VaultContext): Promise<string> {
  if (written === undefined) return path.join(context.projectDirectory, '.stillpoint', 'vault');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written) || written.includes('\0')) {
    throw invalidKey(context.file, 'vault', 'the path of a directory', JSON.stringify(written));
  }
  const vault = await realPathOfNearest(path.resolve(context.projectDirectory, written));
  if (isWithin(vault, path.join(context.projectDirectory, '.stillpoint'))) return vault;
  for (const member of context.members) {
    // Otherwise each snapshot would hold the snapshots before it.
    if (!isWithin(vault, path.join(context.projectDirectory, member.path))) continue;
    throw invalidKey(
      context.file,
      'vault',
      'a directory outside every member, or below .stillpoint',
      `inside member ${member.path}`,
    );
  }
  return vault;
}

/** Follows symlinks as far as the path exists: the vault may not be made yet. */
async function realPathOfNearest(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    const parent = path.dirname(file);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === file) throw error;
    return path.join(await realPathOfNearest(parent), path.basename(file));
  }
}

function isWithin(file: string, directory: string): boolean {
  return (
    file === directory || file.startsWith(directory === path.sep ? directory : directory + path.sep)
  );
}
