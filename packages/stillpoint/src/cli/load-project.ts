// Loads a configuration where a restore may have died: its file can be gone, half of what it imports can be, and what is
// found can be of neither the state before nor the state after. Then the restore is ended first, with the configuration it kept.
import type { CallOptions, EngineEnvironment, ResolvedConfig } from '@stillpoint/engine';
import { isFailure } from '@stillpoint/core';

export interface LoadProjectOptions {
  /** Where to look from. */
  readonly directory: string;
  readonly walk: boolean;
  /** End it even if there is a configuration: for a snapshot, which takes what the configuration names. */
  readonly endFirst: boolean;
  readonly load: () => Promise<ResolvedConfig>;
  readonly environment: (projectDirectory: string) => Promise<EngineEnvironment>;
  readonly call: CallOptions;
}

export async function loadProject(options: LoadProjectOptions): Promise<ResolvedConfig> {
  if (options.endFirst) await endRestore(options);
  try {
    return await options.load();
  } catch (error) {
    if (!isFailure(error) || options.endFirst || !(await endRestore(options))) throw error;
    return await options.load();
  }
}

/** False if there is none. */
async function endRestore({
  directory,
  walk,
  environment,
  call,
}: LoadProjectOptions): Promise<boolean> {
  // Only now: most projects that are only looked at need nothing of what restores.
  const { createStillpoint, findUnendedRestore } = await import('@stillpoint/engine');
  const config = await findUnendedRestore(directory, { walk });
  if (config === undefined) return false;
  await using stillpoint = await createStillpoint(
    config,
    await environment(config.projectDirectory),
  );
  await stillpoint.recover(call);
  return true;
}
