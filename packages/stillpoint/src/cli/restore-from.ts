// stillpoint restore REF --from PLACE --into DIR: without a project, on a machine that has nothing but the vault's address and its key.
import { failure } from '@stillpoint/core';
import path from 'node:path';
import type { CommandContext } from './context.ts';
import { engineEnvironment } from './engine-environment.ts';
import { showRestored, suggestNext } from './restored.ts';
import { keyOf, resolveNamed, type KeyOptions } from './vault/open-vault.ts';

export interface RestoreFromWords extends KeyOptions {
  readonly from: string;
  readonly into?: string;
  /** The words that mean nothing here. */
  readonly dryRun?: true;
  readonly only?: readonly string[];
  readonly breakSeal?: true;
}

export async function restoreFromPlace(
  context: CommandContext,
  ref: string,
  words: RestoreFromWords,
): Promise<void> {
  const { host, call, output } = context;
  const { into } = words;
  const odd = words.dryRun === true || words.only !== undefined || words.breakSeal === true;
  if (into === undefined || odd) {
    const problem = '--from brings a whole snapshot into an empty directory, which --into names.';
    const usage = `stillpoint restore ${ref} --from ${words.from} --into DIR`;
    throw failure('USAGE_INVALID', { problem, usage });
  }
  const { restoreFrom } = await import('@stillpoint/engine');
  const directory = path.resolve(host.cwd, into);
  const { restored, config } = await restoreFrom(
    {
      ...(await engineEnvironment(host.environment, directory)),
      progress: output.progress,
    },
    {
      vault: await resolveNamed(context, words.from, keyOf(words)),
      ref,
      into: directory,
      stillpointModule: import.meta.resolve('stillpoint'),
      signal: call.signal,
      progress: output.progress,
    },
  );
  showRestored(context, restored);
  suggestNext(context, restored, config);
}
