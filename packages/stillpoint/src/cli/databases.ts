// Which database a command means.
import { failure } from '@stillpoint/core';
import type { ManagedDatabase } from '@stillpoint/engine';
import type { OpenProject } from './context.ts';

/** The named managed one, or the only one. Throws DATABASE_UNKNOWN or DATABASE_AMBIGUOUS. */
export function chooseDatabase(project: OpenProject, name: string | undefined): ManagedDatabase {
  const managed = project.config.sources.filter(({ driver }) => driver === 'postgres');
  return project.stillpoint.database(
    chooseName(namesOf(managed), name, 'Postgres that Stillpoint runs'),
  );
}

/** Every Postgres of the project, managed or by URL. */
export function serverNames(project: OpenProject): readonly string[] {
  return namesOf(project.config.sources.filter(({ driver }) => driver.startsWith('postgres')));
}

function namesOf(sources: readonly { readonly name: string }[]): readonly string[] {
  return sources.map(({ name }) => name);
}

export function chooseName(
  names: readonly string[],
  name: string | undefined,
  kind = 'Postgres',
): string {
  const chosen = name ?? names[0];
  if (chosen === undefined || !names.includes(chosen)) {
    const known =
      names.length === 0
        ? 'Those that it has are under `sources` in its configuration. A database that you run yourself you start and stop yourself.'
        : `It has ${names.join(', ')}.`;
    const what = name === undefined ? kind : `${kind} called "${name}"`;
    throw failure('DATABASE_UNKNOWN', { what, known });
  }
  if (name === undefined && names.length > 1)
    throw failure('DATABASE_AMBIGUOUS', { names: names.join(', ') });
  return chosen;
}
