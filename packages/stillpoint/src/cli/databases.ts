// Which managed database a command means.
import { failure } from '@stillpoint/core';
import type { ManagedDatabase } from '@stillpoint/engine';
import type { OpenProject } from './context.ts';

/** The named one, or the only one. Throws DATABASE_UNKNOWN or DATABASE_AMBIGUOUS. */
export function chooseDatabase(project: OpenProject, name: string | undefined): ManagedDatabase {
  const names = project.config.sources.map((source) => source.name);
  const chosen = name ?? names[0];
  if (chosen === undefined || !names.includes(chosen)) {
    const known =
      names.length === 0
        ? 'Its configuration names no source; add one under sources.'
        : `It has ${names.join(', ')}.`;
    throw failure('DATABASE_UNKNOWN', { name: chosen ?? 'any', known });
  }
  if (name === undefined && names.length > 1)
    throw failure('DATABASE_AMBIGUOUS', { names: names.join(', ') });
  return project.stillpoint.database(chosen);
}
