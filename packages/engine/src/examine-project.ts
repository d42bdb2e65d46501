// doctor as the library offers it: of a project, or of a place where there should be one.
import type { CallOptions } from './api.ts';
import { composePatient, type ComposedPatient } from './compose-patient.ts';
import type { EngineEnvironment } from './compose.ts';
import type { ResolvedConfig } from './config/index.ts';
import { examinePatient, examineWithout, type DoctorReport } from './doctor/index.ts';

/** Why there is no configuration: what loadConfig() or findConfig() rejected with. */
export interface Unloaded {
  readonly directory: string;
  readonly error: unknown;
}

/**
 * Looks at everything that a snapshot and a restore of the project rest on. Changes nothing, starts nothing, suspends nobody, and
 * rejects only when it is aborted: whatever is wrong is a finding, a configuration that does not load the first one.
 */
export async function examineProject(
  project: ResolvedConfig | Unloaded,
  environment: EngineEnvironment,
  options: CallOptions = {},
): Promise<DoctorReport> {
  const signal = options.signal ?? new AbortController().signal;
  const machine = {
    directory: 'error' in project ? project.directory : project.projectDirectory,
    gitEnvironment: environment.gitEnvironment,
    version: environment.version,
  };
  if ('error' in project) return examineWithout('configuration', project.error, machine, signal);
  let composed: ComposedPatient;
  try {
    composed = await composePatient(project, environment);
  } catch (error) {
    return await examineWithout('state', error, machine, signal);
  }
  await using _composed = composed;
  return await examinePatient(composed.patient, machine, signal);
}
