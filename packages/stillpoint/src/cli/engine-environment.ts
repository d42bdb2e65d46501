// Where the engine may keep what belongs to the machine and not to a project, by the habits of the XDG directories.
import type { EngineEnvironment } from '@stillpoint/engine';
import { access, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { VERSION } from './version.ts';

export async function engineEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  projectDirectory: string,
): Promise<EngineEnvironment> {
  const runtime = environment['XDG_RUNTIME_DIR'];
  return {
    version: VERSION,
    binariesDirectory: await binariesDirectory(environment, projectDirectory),
    ...(runtime === undefined || !path.isAbsolute(runtime)
      ? {}
      : { runtimeDirectory: path.join(runtime, 'stillpoint') }),
    ...crashPointOf(environment),
  };
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
  const named = environment['XDG_CACHE_HOME'];
  const cache =
    named !== undefined && path.isAbsolute(named) ? named : path.join(homedir(), '.cache');
  const directory = path.join(cache, 'stillpoint');
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK | constants.X_OK);
    return directory;
  } catch {
    return path.join(projectDirectory, '.stillpoint', 'cache');
  }
}
