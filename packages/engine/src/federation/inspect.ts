// What others may ask of git without a driver: which version it is, and what it makes of paths in a repository. Reads only.
import { nameOfText } from '../file-tree/index.ts';
import { createGit } from './git.ts';
import { splitNames } from './names.ts';
import { openRepository } from './repository.ts';

export interface InspectOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** '2.39.5'. Rejects with GIT_MISSING, GIT_FAILED. */
export async function readGitVersion(options: InspectOptions = {}): Promise<string> {
  const { environment, signal } = options;
  const git = createGit(environment === undefined ? {} : { environment });
  const output = await git.output(['version'], signal === undefined ? {} : { signal });
  return /\d+(\.\d+)+/.exec(output.toString('latin1'))?.[0] ?? '0';
}

export type PathState = 'tracked' | 'ignored' | 'untracked';

/** What git says of paths relative to the work tree in `directory`. Rejects with GIT_MISSING, GIT_FAILED, the MEMBER_ errors. */
export async function inspectPaths(
  directory: string,
  paths: readonly string[],
  options: InspectOptions = {},
): Promise<ReadonlyMap<string, PathState>> {
  const { environment, signal } = options;
  const repository = await openRepository({
    member: directory,
    directory,
    ...(environment === undefined ? {} : { environment }),
  });
  // Without a path to ask for: whether this is a repository at all.
  if (paths.length === 0) return new Map();
  const call = signal === undefined ? {} : { signal };
  const literal = paths.map((name) => `:(literal)${name}`);
  const listed = await repository.git.output(['ls-files', '-z', '--', ...literal], call);
  // Ends with 1 when none of them is ignored.
  const { code, stdout } = await repository.git.attempt(['check-ignore', '-z', '--stdin'], {
    ...call,
    input: paths.map((name) => `${name}\0`).join(''),
  });
  const tracked = splitNames(listed);
  const ignored = new Set<string>(code === 0 ? splitNames(stdout) : []);
  return new Map(
    paths.map((text) => {
      const name = nameOfText(text);
      const below = tracked.some((one) => one === name || one.startsWith(`${name}/`));
      return [text, below ? 'tracked' : ignored.has(name) ? 'ignored' : 'untracked'];
    }),
  );
}
