// Everything that one can see of a member, as comparable text: each path with type, full mode and bytes, and what git says of
// it. Two equal states are the same work in every way that matters.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One line for each path below the directory, in byte order. */
export function treeState(
  directory: string,
  options: { readonly skip?: readonly string[] } = {},
): string[] {
  const lines: string[] = [];
  const skip = new Set(options.skip ?? ['.git']);
  const walk = (base: Buffer, shown: string) => {
    for (const entry of readdirSync(base, { withFileTypes: true, encoding: 'buffer' })) {
      const name = shown + entry.name.toString('latin1');
      if (skip.has(name)) continue;
      const at = Buffer.concat([base, Buffer.from('/'), entry.name]);
      const stats = lstatSync(at);
      const mode = (stats.mode & 0o7777).toString(8);
      if (entry.isDirectory()) {
        lines.push(`${name}/ ${mode}`);
        walk(at, `${name}/`);
      } else if (entry.isSymbolicLink()) {
        lines.push(`${name} -> ${readlinkSync(at, { encoding: 'buffer' }).toString('latin1')}`);
      } else {
        lines.push(
          `${name} ${mode} ${createHash('sha256').update(readFileSync(at)).digest('hex')}`,
        );
      }
    }
  };
  walk(Buffer.from(directory), '');
  return lines.toSorted();
}

export function runGit(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, ...args], {
    encoding: 'latin1',
    env: gitEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** No settings of the machine, fixed people. */
export const gitEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
  HOME: '/nonexistent',
  // Each repository would have a copy of git's fourteen examples of hooks.
  GIT_TEMPLATE_DIR: '',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_AUTHOR_NAME: 'Ann',
  GIT_AUTHOR_EMAIL: 'ann@example.org',
  GIT_COMMITTER_NAME: 'Ann',
  GIT_COMMITTER_EMAIL: 'ann@example.org',
};

/** What git says: status, HEAD, refs, index and stash. Object ids only, nothing of times. */
export function gitState(directory: string): Record<string, string> {
  const ask = (...args: string[]) => {
    try {
      return runGit(directory, ...args);
    } catch {
      return 'refused';
    }
  };
  return {
    status: ask('status', '--porcelain=v2', '--branch', '-z'),
    head: ask('symbolic-ref', '-q', 'HEAD'),
    refs: ask('for-each-ref')
      .split('\n')
      .filter((line) => !line.includes('refs/stillpoint/'))
      .join('\n'),
    index: ask('ls-files', '--stage', '-z', '-t'),
    stash: ask('log', '-g', '--format=%H %gs', 'refs/stash', '--'),
  };
}
