// Completes a parsed configuration: defaults, absolute paths, and the rules that need more than one key. What comes
// out is all that the engine ever sees.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { resolveMembers } from './members.ts';
import { invalidKey, parseUserConfig, unusablePath } from './parse.ts';
import { resolveParticipants } from './participants.ts';
import {
  DEFAULT_LOCK_KEY,
  type ResolvedConfig,
  type ResolvedMember,
  type ResolvedSource,
} from './resolved.ts';
import { resolveSources } from './sources.ts';

export const DEFAULT_BUDGET_MS = 2000;

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
  const sources = resolveSources(parsed.sources ?? {}, { projectDirectory, members, file });
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
    vault: await resolveVault(parsed.vault, { projectDirectory, members, sources, file }),
  };
}

interface VaultContext {
  readonly projectDirectory: string;
  readonly members: readonly ResolvedMember[];
  readonly sources: readonly ResolvedSource[];
  readonly file: string;
}

async function resolveVault(written: string | undefined, context: VaultContext): Promise<string> {
  if (written === undefined) return path.join(context.projectDirectory, '.stillpoint', 'vault');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written) || written.includes('\0')) {
    throw invalidKey(context.file, 'vault', 'the path of a directory', JSON.stringify(written));
  }
  const absolute = path.resolve(context.projectDirectory, written);
  const vault = await realPathOfNearest(absolute).catch((error: unknown) => {
    throw unusablePath(error, 'vault', written, context.file);
  });
  if (isWithin(vault, path.join(context.projectDirectory, '.stillpoint'))) return vault;
  // Otherwise each snapshot would hold the snapshots before it, and a restore would take away those after it.
  const captured = [
    ...context.members.map(({ path: place }) => ({ name: `member ${place}`, place })),
    ...context.sources.flatMap((source) =>
      source.driver === 'files' ? [{ name: `sources.${source.name}`, place: source.path }] : [],
    ),
  ];
  const around = captured.find(({ place }) =>
    isWithin(vault, path.join(context.projectDirectory, place)),
  );
  if (around !== undefined) {
    const expected = 'a directory outside every member and all files, or below .stillpoint';
    throw invalidKey(context.file, 'vault', expected, `inside ${around.name}`);
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
