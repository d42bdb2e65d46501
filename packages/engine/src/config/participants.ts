// Who holds still. Each Postgres gets a lock participant that guards everything, unless the configuration names one for it:
// forgetting it would make snapshots that look whole and are not. Where there is no Postgres each SQLite file gets one: its
// own write lock. Beside a Postgres it would be one more lock that writers take in another order than the freeze.
import { invalidKey } from './parse.ts';
import type { ResolvedMember, ResolvedParticipant, ResolvedSource } from './resolved.ts';
import type { ParsedConfig } from './user-config.ts';

type UserParticipant = NonNullable<ParsedConfig['participants']>[number];

interface ParticipantContext {
  readonly sources: readonly ResolvedSource[];
  readonly members: readonly ResolvedMember[];
  readonly file: string;
}

export function resolveParticipants(
  written: readonly UserParticipant[],
  context: ParticipantContext,
): readonly ResolvedParticipant[] {
  const named = written.map((participant, index) =>
    resolveOne(participant, `participants[${index}]`, context),
  );
  const locked = new Set(named.flatMap((entry) => (entry.kind === 'lock' ? [entry.source] : [])));
  const implied = lockedUnlessTold(context.sources)
    .filter((source) => !locked.has(source.name))
    .map((source) => lockOf(source.name, '*'));
  // A lock that guards nothing is how a project says "nobody takes the lock": there is nothing to wait for.
  const told = new Set(named.flatMap((entry) => (entry.kind === 'run' ? [entry.source] : [])));
  const runs = context.sources
    .filter(({ name, driver }) => driver === 'run' && !told.has(name))
    .map(({ name }): ResolvedParticipant => runOf(name, [name]));
  const all = [...implied, ...runs, ...named].filter(
    ({ kind, guards }) => (kind !== 'lock' && kind !== 'run') || guards.length > 0,
  );
  refuseEqualNames(all, context.file);
  return all;
}

function lockedUnlessTold(sources: readonly ResolvedSource[]): readonly ResolvedSource[] {
  const servers = sources.filter(({ driver }) => driver.startsWith('postgres'));
  return servers.length > 0 ? servers : sources.filter(({ driver }) => driver === 'sqlite');
}

function lockOf(
  source: string,
  guards: readonly string[] | '*',
  name = `lock:${source}`,
): ResolvedParticipant {
  return { kind: 'lock', name, source, guards };
}

/** It vouches for itself alone, unless it is told what else the run writes. */
function runOf(
  source: string,
  guards: readonly string[] | '*',
  name = `run:${source}`,
): ResolvedParticipant {
  return { kind: 'run', name, source, guards };
}

function resolveOne(
  participant: UserParticipant,
  key: string,
  context: ParticipantContext,
): ResolvedParticipant {
  const guards = participant.guards ?? '*';
  if (guards !== '*') checkGuards(guards, key, context);
  switch (participant.kind) {
    case 'lock': {
      const source = databaseOf(
        participant.source,
        key,
        context,
        ({ driver }) => driver !== 'files' && driver !== 'run',
      );
      return lockOf(source, guards, participant.name);
    }
    case 'queue': {
      const source = databaseOf(participant.source, key, context, isPostgres);
      return { kind: 'queue', name: participant.name ?? `queue:${source}`, source, guards };
    }
    case 'run': {
      const source = databaseOf(participant.source, key, context, ({ driver }) => driver === 'run');
      return runOf(source, participant.guards ?? [source], participant.name);
    }
    default:
      return { ...participant, guards };
  }
}

function isPostgres({ driver }: ResolvedSource): boolean {
  return driver === 'postgres' || driver === 'postgres-url';
}

function databaseOf(
  written: string | undefined,
  key: string,
  context: ParticipantContext,
  fits: (source: ResolvedSource) => boolean,
): string {
  const names = context.sources.filter(fits).map((source) => source.name);
  if (written !== undefined && names.includes(written)) return written;
  const [only, ...others] = names;
  if (written === undefined && only !== undefined && others.length === 0) return only;
  const expected =
    names.length === 0
      ? 'left out: there is no source for it'
      : `one of the sources ${names.join(', ')}`;
  const found = written === undefined ? 'missing' : JSON.stringify(written);
  throw invalidKey(context.file, `${key}.source`, expected, found);
}

function checkGuards(guards: readonly string[], key: string, context: ParticipantContext): void {
  const known = [
    ...context.sources.map((source) => source.name),
    ...context.members.map((member) => member.path),
  ];
  for (const [index, guard] of guards.entries()) {
    if (known.includes(guard)) continue;
    const expected = `a source or member of this project (${known.join(', ')})`;
    throw invalidKey(context.file, `${key}.guards[${index}]`, expected, JSON.stringify(guard));
  }
}

function refuseEqualNames(participants: readonly ResolvedParticipant[], file: string): void {
  const seen = new Set<string>();
  for (const { name } of participants) {
    if (seen.has(name)) {
      throw invalidKey(file, 'participants', 'names that differ', `${JSON.stringify(name)} twice`);
    }
    seen.add(name);
  }
}
