// The configuration that a restore works with, kept beside its journal. The file itself may be part of what is switched: a
// restore that dies between removing the old one and writing the new one must still be found and ended.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { failure, writeFileAtomic } from '@stillpoint/core';
import type { ResolvedConfig } from '../config/index.ts';
import type { ProjectState } from '../project/index.ts';

const name = 'config.json';

/** JSON has no big integers. */
type Kept = Omit<ResolvedConfig, 'freeze'> & {
  readonly freeze: Omit<ResolvedConfig['freeze'], 'lockKey'> & { readonly lockKey: string };
};

/** Before the journal begins. It stays when the journal has ended, and then means nothing. */
export async function keepConfig(state: ProjectState, config: ResolvedConfig): Promise<void> {
  const freeze = { ...config.freeze, lockKey: String(config.freeze.lockKey) };
  const file = path.join(path.dirname(state.journalFile), name);
  await writeFileAtomic(file, `${JSON.stringify({ ...config, freeze })}\n`);
}

/** The configuration of a restore that has not ended, of the nearest project from here upwards. It may be running. */
export async function findUnendedRestore(
  directory: string,
  options: { readonly walk?: boolean } = {},
): Promise<ResolvedConfig | undefined> {
  for (let current = path.resolve(directory); ; current = path.dirname(current)) {
    const journal = path.join(current, '.stillpoint', 'journal');
    if (await exists(path.join(journal, 'restore.jsonl'))) return readConfig(current, journal);
    if (options.walk === false || path.dirname(current) === current) return undefined;
  }
}

async function readConfig(
  projectDirectory: string,
  journal: string,
): Promise<ResolvedConfig | undefined> {
  const file = path.join(journal, name);
  if (!(await exists(file))) return undefined;
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Kept;
    const freeze = { ...kept.freeze, lockKey: BigInt(kept.freeze.lockKey) };
    return { ...kept, projectDirectory, freeze };
  } catch (error) {
    throw failure('STATE_UNREADABLE', { file }, error);
  }
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
