// git as the demonstration's programs and its "agent" use it. Independent of the user's configuration, so that hooks,
// signing and templates of this machine do not change what is shown.
import { failure } from '@stillpoint/core';
import { execFile } from 'node:child_process';
import { devNull } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

const identity = {
  GIT_AUTHOR_NAME: 'Demo',
  GIT_AUTHOR_EMAIL: 'demo@stillpoint.invalid',
  GIT_COMMITTER_NAME: 'Demo',
  GIT_COMMITTER_EMAIL: 'demo@stillpoint.invalid',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_NOSYSTEM: '1',
};

export type Git = (directory: string, ...args: readonly string[]) => Promise<string>;

/** Resolves to stdout without the last line break. */
export function createGit(environment: Readonly<Record<string, string | undefined>>): Git {
  const env = { ...environment, ...identity };
  return async (directory, ...args) => {
    const { stdout } = await run('git', ['-C', directory, ...args], {
      env,
      maxBuffer: 64 * 1024 * 1024,
    }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        throw failure('GIT_MISSING', {}, error);
      throw error;
    });
    return stdout.replace(/\n$/, '');
  };
}
