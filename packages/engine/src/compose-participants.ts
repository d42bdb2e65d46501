// From the configuration to participants. Part of the composition root (compose.ts).
import path from 'node:path';
import type { ResolvedParticipant } from './config/index.ts';
import { byUrl, type SourceParts } from './compose-sources.ts';
import {
  createCommandParticipant,
  createHttpParticipant,
  type Participant,
} from './freeze/index.ts';
import { createUrlLockParticipant, createUrlParticipant } from './sources/postgres/by-url/index.ts';
import { createAdvisoryLockParticipant, listLockDatabases } from './sources/postgres/index.ts';
import { createRunParticipant } from './sources/run/index.ts';
import { createSqliteLockParticipant } from './sources/sqlite/index.ts';

export function createParticipant(
  participant: ResolvedParticipant,
  parts: SourceParts,
): Participant {
  if (participant.kind === 'lock') return createLock(participant, parts);
  if (participant.kind === 'queue') return createQueue(participant, parts);
  if (participant.kind === 'run') return createRun(participant, parts);
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

type InDatabase = Extract<ResolvedParticipant, { source: string }>;

/** What the queue is, the engine does not know: only where it is, and that it holds still. */
function createQueue({ name, guards, source: named }: InDatabase, parts: SourceParts): Participant {
  const { config, clusters, environment } = parts;
  const { queueParticipant } = environment;
  if (queueParticipant === undefined)
    throw new TypeError('a participant of kind "queue" needs EngineEnvironment.queueParticipant');
  const key = config.freeze.lockKey;
  const source = config.sources.find((one) => one.name === named);
  if (source?.driver === 'postgres-url') {
    return createUrlParticipant(byUrl(source, parts), (server) =>
      queueParticipant({
        name,
        guards,
        key,
        connect: (applicationName, signal) => server.connect({ applicationName, signal }),
      }),
    );
  }
  if (source?.driver !== 'postgres') throw new TypeError(`${named} has no queue`);
  const cluster = clusters.get(source.name)!;
  const { database } = source;
  return queueParticipant({
    name,
    guards,
    key,
    connect: (applicationName, signal) => cluster.connect({ database, applicationName, signal }),
  });
}

function createRun(
  { name, guards, source: named }: InDatabase,
  { config }: SourceParts,
): Participant {
  const source = config.sources.find((one) => one.name === named);
  if (source?.driver !== 'run') throw new TypeError(`${named} has no runs`);
  const directory = path.join(config.projectDirectory, source.directory);
  return createRunParticipant({ name, guards, directory, run: source.run });
}

function createLock({ name, guards, source: named }: InDatabase, parts: SourceParts): Participant {
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
