// A project as far as its snapshots: its state, its vault and what is in it, without anything that could capture or restore. The
// lower half of the composition root (compose.ts), and all that the reader opens.
import { silent, systemClock, type Clock } from '@stillpoint/core';
import { openCatalogue } from './compose-catalogue.ts';
import type { EngineEnvironment } from './compose.ts';
import { openProjectVault } from './compose-vault.ts';
import type { ResolvedConfig, ResolvedVault } from './config/index.ts';
import { openProjectState, type OpenProjectOptions, type ProjectState } from './project/index.ts';
import type { Catalogue } from './snapshot/index.ts';
import type { Vault } from './vault/index.ts';

export interface Shelf {
  readonly state: ProjectState;
  readonly vault: Vault;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly resolvedVault: ResolvedVault;
}

/** What it is made of, when it is beginning beside another. */
export interface CopyOf extends NonNullable<OpenProjectOptions['copy']> {
  /** The same vault, open. */
  readonly opened?: object;
}

/** Whoever opens it disposes the vault. */
export async function openShelf(
  config: ResolvedConfig,
  environment: EngineEnvironment,
  copy?: CopyOf,
): Promise<Shelf> {
  const clock = environment.clock ?? systemClock;
  const { projectDirectory } = config;
  const state = await openProjectState({
    projectDirectory,
    clock,
    ...(copy === undefined ? {} : { copy: { of: copy.of, vault: copy.vault } }),
  });
  const resolvedVault = state.vault ?? config.vault;
  const vault = await openProjectVault(state, resolvedVault, {
    clock,
    variables: environment.variables ?? {},
    progress: environment.progress ?? silent,
    ...(copy?.opened === undefined ? {} : { alike: copy.opened }),
  });
  return { state, vault, catalogue: openCatalogue(vault, state), clock, resolvedVault };
}
