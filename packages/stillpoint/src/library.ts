// The library as a program uses it: one call from a configuration to a Stillpoint. The engine takes its environment as an
// argument; here it is the one of this process, as for the command.
import {
  createStillpoint as createEngine,
  findConfig,
  loadConfig,
  resolveConfig,
  type ResolvedConfig,
  type Stillpoint,
  type UserConfig,
} from '@stillpoint/engine';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { engineEnvironment } from './cli/engine-environment.ts';
import { loadProject } from './cli/load-project.ts';

export interface OpenOptions {
  /** Where the project is when `config` is an object; the current directory unless told. */
  readonly projectDirectory?: string;
}

/**
 * Opens a project. `config`: an object as in a configuration file, the path of such a file, or a directory (its configuration is
 * looked for there and upwards). Dispose it when done. Throws the CONFIG_ and MEMBER_ errors, PROJECT_COPIED, the VAULT_ errors.
 *
 * @example
 * await using stillpoint = await createStillpoint({ members: ['.'] });
 * const { id } = await stillpoint.snapshot({ name: 'before', message: 'the migration' });
 * await stillpoint.restore(id);
 * await stillpoint.undo();
 */
export async function createStillpoint(
  config: UserConfig | string,
  options: OpenOptions = {},
): Promise<Stillpoint> {
  const resolved = await resolve(config, options.projectDirectory ?? process.cwd());
  return createEngine(resolved, await engineEnvironment(process.env, resolved.projectDirectory));
}

async function resolve(config: UserConfig | string, directory: string): Promise<ResolvedConfig> {
  if (typeof config !== 'string') {
    return resolveConfig(config, { projectDirectory: directory, missingMembers: 'keep' });
  }
  const named = path.resolve(directory, config);
  const isFile = async () => (await stat(named).catch(() => undefined))?.isFile() ?? false;
  const isDirectory = (await stat(named).catch(() => undefined))?.isDirectory() ?? false;
  return loadProject({
    directory: isDirectory ? named : path.dirname(named),
    walk: isDirectory,
    endFirst: false,
    load: async () =>
      loadConfig((await isFile()) ? named : await findConfig(named), {
        missingMembers: 'keep',
        stillpointModule: import.meta.resolve('stillpoint'),
      }),
    environment: (projectDirectory) => engineEnvironment(process.env, projectDirectory),
    call: {},
  });
}
