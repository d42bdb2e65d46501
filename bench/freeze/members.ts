// The code of a benchmark project: a core and two extensions, each a git repository of some thousand small files, and the
// edits that somebody makes in them between two snapshots.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../place.ts';

export const MEMBERS = ['core', 'extensions/one', 'extensions/two'] as const;

const FILES_PER_DIRECTORY = 100;
const identity = {
  ...process.env,
  GIT_AUTHOR_NAME: 'Benchmark',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'Benchmark',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

export async function createMembers(project: string, files: number): Promise<void> {
  for (const member of MEMBERS) {
    const directory = path.join(project, member);
    await mkdir(directory, { recursive: true });
    await run('git', ['init', '-q', '-b', 'main'], { cwd: directory, env: identity });
    for (let index = 0; index < files; index += 1) {
      const file = fileAt(project, member, index);
      if (index % FILES_PER_DIRECTORY === 0) await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, sourceText(member, index, 0));
    }
    await commitAll(directory, 'all of it');
  }
}

export async function commitAll(directory: string, message: string): Promise<void> {
  await run('git', ['add', '-A'], { cwd: directory, env: identity });
  await run('git', ['commit', '-q', '-m', message], { cwd: directory, env: identity });
}

/** One file in each member, another one each time. */
export async function editMembers(project: string, files: number, round: number): Promise<void> {
  for (const member of MEMBERS) {
    const index = (round * 37) % files;
    await writeFile(fileAt(project, member, index), sourceText(member, index, round));
  }
}

function fileAt(project: string, member: string, index: number): string {
  const directory = `part-${String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(3, '0')}`;
  return path.join(project, member, directory, `module-${index}.ts`);
}

function sourceText(member: string, index: number, round: number): string {
  const lines = Array.from(
    { length: 20 },
    (_, line) => `export const value${line} = ${index * 31 + line * 7 + round};`,
  );
  return `// ${member}, module ${index}, round ${round}\n${lines.join('\n')}\n`;
}
