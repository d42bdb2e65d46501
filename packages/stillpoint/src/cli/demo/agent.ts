// The "agent" of the demonstration: it means well, rewrites code, commits, tidies up a file and drops a table. What it
// destroys is in no backup of git (uncommitted work) and in no dump (none was made).
import type { Client } from 'pg';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Git } from './git.ts';

/** Its first deed, after which the counting program is down. */
export async function dropTable(client: Client): Promise<void> {
  await client.query('drop table ledger');
}

/** Each deed as one line. */
export async function letAgentWork(
  directory: string,
  client: Client,
  git: Git,
): Promise<readonly string[]> {
  const at = (name: string): string => path.join(directory, name);
  await client.query("update event set payload = 'cleaned' where seq % 3 = 0");
  await writeFile(at('core/app.ts'), "export const greeting = 'undefined';\n");
  await rm(at('core/counter.txt'), { force: true });
  await rm(at('core/draft.sql'), { force: true });
  await git(at('core'), 'add', '-A');
  await git(at('core'), 'commit', '-q', '-m', 'Simplify');
  await git(
    at('extensions/search'),
    'reset',
    '-q',
    '--hard',
    await firstCommit(git, at('extensions/search')),
  );
  await rm(at('extensions/billing'), { recursive: true, force: true });
  return [
    'overwrote a third of the table event',
    'rewrote core/app.ts, deleted core/counter.txt, and committed both over your uncommitted notes',
    'deleted core/draft.sql, which no commit knows',
    'reset extensions/search --hard to its first commit',
    'deleted the repository extensions/billing, history and all',
  ];
}

async function firstCommit(git: Git, repository: string): Promise<string> {
  return git(repository, 'rev-list', '--max-parents=0', 'HEAD');
}
