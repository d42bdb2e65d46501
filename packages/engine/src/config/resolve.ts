// Completes a parsed configuration: defaults, absolute paths, and the rules that need more than one key. What comes
// out is all that the engine ever sees.
import { realpath } from 'node:fs/promises';
import { resolveMembers } from './members.ts';
import { parseUserConfig } from './parse.ts';
import { resolveParticipants } from './participants.ts';
import { DEFAULT_LOCK_KEY, type ResolvedConfig, type ResolvedRetention } from './resolved.ts';
import { resolveSources } from './sources.ts';
import { resolveCopies, resolveVault } from './vault.ts';

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
  const place = { projectDirectory, members, sources, file };
  const vault = await resolveVault(parsed.vault, place);
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
    ...(parsed.retention === undefined ? {} : { retention: resolveRetention(parsed.retention) }),
    vault,
    ...(parsed.copies === undefined
      ? {}
      : { copies: await resolveCopies(parsed.copies, vault, place) }),
  };
}

function resolveRetention({
  within,
  ...counts
}: NonNullable<ReturnType<typeof parseUserConfig>['retention']>): ResolvedRetention {
  return within === undefined ? counts : { ...counts, withinMs: within };
}
