// From the configuration to participants. Part of the composition root (compose.ts).
import path from 'node:path';
import type { ResolvedParticipant } from './config/index.ts';
import { byUrl, type SourceParts } from './compose-sources.ts';
import {
  createCommandParticipant,
  createHttpParticipant,
  type Participant,
} from './freeze/index.ts';
import { createUrlLockParticipant } from './sources/postgres/by-url/index.ts';
import { createAdvisoryLockParticipant, listLockDatabases } from './sources/postgres/index.ts';
import { createSqliteLockParticipant } from './sources/sqlite/index.ts';

export function createParticipant(
  participant: ResolvedParticipant,
  parts: SourceParts,
): Participant {
  if (participant.kind === 'lock') return createLock(participant, parts);
  const { name, guards, suspend, resume } = participant;
  if (participant.kind === 'http') return createHttpParticipant({ name, guards, suspend, resume });
  return createCommandParticipant({
    name,
    guards,
    suspend,
    resume,
    directory: parts.config.projectDirectory,
    logDirectory: path.join(parts.state.directory, 'log'),
  });
}

function createLock(
  { name, guards, source: named }: Extract<ResolvedParticipant, { kind: 'lock' }>,
  parts: SourceParts,
): Participant {
  const { config, clusters } = parts;
  const key = config.freeze.lockKey;
  const source = config.sources.find((one) => one.name === named);
  switch (source?.driver) {
    case 'postgres': {
      const cluster = clusters.get(source.name)!;
      return createAdvisoryLockParticipant({
        name,
        guards,
        key,
        databases: () => listLockDatabases(cluster),
        connect: (database, applicationName, signal) =>
          cluster.connect({ database, applicationName, signal }),
      });
    }
    case 'postgres-url':
      return createUrlLockParticipant({ name, guards, key, ...byUrl(source, parts) });
    case 'sqlite': {
      const file = path.join(config.projectDirectory, source.file);
      return createSqliteLockParticipant({ name, guards, file });
    }
    default:
      throw new TypeError(`${named} has no lock`);
  }
}
