// Puts a project together only to look at it: nothing is written, no vault is begun, and what cannot be made is kept as its
// error beside what can. Part of the composition root (compose.ts).
import { silent, systemClock } from '@stillpoint/core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EngineEnvironment } from './compose.ts';
import { copyStates } from './compose-care.ts';
import { createParticipant } from './compose-participants.ts';
import {
  byUrl,
  createMemberDriver,
  createProjectCluster,
  createSourceDriver,
  referencesOf,
  type SourceParts,
} from './compose-sources.ts';
import { findProjectVault, vaultDirectoryOf } from './compose-vault.ts';
import type { ResolvedConfig } from './config/index.ts';
import type { Attempt, Patient } from './doctor/index.ts';
import { findProjectState, imagineProjectState } from './project/index.ts';
import { applicationUrl } from './sources/postgres/by-url/index.ts';
import type { Cluster } from './sources/postgres/index.ts';

export interface ComposedPatient extends AsyncDisposable {
  readonly patient: Patient;
}

/** Rejects with PROJECT_COPIED, STATE_UNREADABLE. */
export async function composePatient(
  config: ResolvedConfig,
  environment: EngineEnvironment,
): Promise<ComposedPatient> {
  await using cleanup = new AsyncDisposableStack();
  const clock = environment.clock ?? systemClock;
  const scratch = await mkdtemp(path.join(tmpdir(), 'stillpoint-doctor-'));
  cleanup.defer(() => rm(scratch, { recursive: true, force: true }));
  const found = await findProjectState(config.projectDirectory);
  const state = found?.state ?? imagineProjectState(config.projectDirectory, scratch);
  const resolvedVault = state.vault ?? config.vault;
  const vault = await attempt(() =>
    findProjectVault(state, resolvedVault, {
      variables: environment.variables ?? {},
      progress: environment.progress ?? silent,
    }),
  );
  const vaultDirectory = vaultDirectoryOf(resolvedVault);
  if ('value' in vault && vault.value !== undefined) cleanup.use(vault.value);

  const clusters = new Map<string, Cluster>();
  const parts: SourceParts = { config, state, environment, clock, clusters, vaultDirectory };
  const sources: Patient['sources'][number][] = [];
  for (const source of config.sources) {
    const driver = await attempt(() => {
      if (source.driver === 'postgres') {
        clusters.set(source.name, cleanup.use(createProjectCluster(source, state, environment)));
      }
      return cleanup.use(createSourceDriver(source, parts));
    });
    sources.push({ source, driver });
  }
  const paths = config.members.map((member) => member.path);
  const members: Patient['members'][number][] = [];
  for (const one of paths) {
    const driver = await attempt(() => cleanup.use(createMemberDriver(one, paths, parts)));
    members.push({ path: one, driver });
  }
  // What a participant's commands say while they are only opened belongs nowhere.
  const aside: SourceParts = { ...parts, state: { ...state, directory: scratch } };
  const participants: Patient['participants'][number][] = [];
  for (const participant of config.participants) {
    const made = await attempt(() => createParticipant(participant, aside));
    participants.push({ participant, made });
  }
  const resources = cleanup.move();
  return {
    patient: {
      config,
      state,
      stateFormat: found?.format,
      clock,
      variables: environment.variables ?? {},
      vaultPlace: resolvedVault.place,
      vault,
      copies: async () =>
        'value' in vault && vault.value !== undefined
          ? copyStates(vault.value, config.copies ?? [], environment)
          : [],
      clusters,
      async examineDatabase(source) {
        if (environment.examineDatabase === undefined) return [];
        if (source.driver === 'postgres-url')
          return await environment.examineDatabase(await applicationUrl(byUrl(source, parts)));
        const cluster = clusters.get(source.name);
        return cluster === undefined ? [] : await environment.examineDatabase(await cluster.url());
      },
      sources,
      members,
      participants,
      referencesOf,
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function attempt<T>(make: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await make() };
  } catch (error) {
    return { error };
  }
}
