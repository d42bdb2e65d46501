// Where the engine may keep what belongs to the machine and not to a project.
import type { EngineEnvironment, Participant, QueueParticipantOptions } from '@stillpoint/engine';
import { access, constants, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from './cache-directory.ts';
import { compareCheckpoints } from './compare-checkpoints.ts';
import { VERSION } from './version.ts';
import { loadQueueParticipant } from './load-persistence.ts';
import { runtimeDirectory } from './runtime-directory.ts';

export async function engineEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  projectDirectory: string,
): Promise<EngineEnvironment> {
  const vaults = cacheDirectory(environment, 'vaults');
  return {
    version: VERSION,
    binariesDirectory: await binariesDirectory(environment, projectDirectory),
    ...(vaults === undefined ? {} : { cacheDirectory: vaults }),
    runtimeDirectory: runtimeDirectory(),
    variables: environment,
    gitEnvironment: gitEnvironment(environment),
    queueParticipant,
    compareCheckpoints,
    ...crashPointOf(environment),
  };
}

/** Of the persistence library, which is loaded where a project has a queue only. */
function queueParticipant(options: QueueParticipantOptions): Participant {
  const { name, guards } = options;
  return {
    name,
    kind: 'queue',
    guards,
    async open(hold) {
      const { createQueueParticipant } = await loadQueueParticipant();
      return await createQueueParticipant(options).open(hold);
    },
  };
}

/** Where git is, and whose settings it reads. */
export function gitEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return pick(environment, [
    'PATH',
    'HOME',
    'XDG_CONFIG_HOME',
    'GIT_CONFIG_GLOBAL',
    'GIT_CONFIG_NOSYSTEM',
  ]);
}

function pick(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

/** For the crash tests: dies, as a machine dies, at the named moment of a restore. */
function crashPointOf(
  environment: Readonly<Record<string, string | undefined>>,
): Pick<EngineEnvironment, 'crashPoint'> {
  const fatal = environment['STILLPOINT_CRASH_AT'];
  if (fatal === undefined) return {};
  return {
    crashPoint(point) {
      if (point === fatal) process.kill(process.pid, 'SIGKILL');
    },
  };
}

/** The user's cache, or the project's own state where a user has no home that can be written. */
async function binariesDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  projectDirectory: string,
): Promise<string> {
  const own = path.join(projectDirectory, '.stillpoint', 'cache');
  const shared = cacheDirectory(environment, 'postgres');
  // Root's servers run as another user, who reads their programs elsewhere.
  if (shared === undefined || process.getuid?.() === 0) return own;
  try {
    await mkdir(shared, { recursive: true, mode: 0o700 });
    await access(shared, constants.W_OK | constants.X_OK);
    return shared;
  } catch {
    return own;
  }
}
