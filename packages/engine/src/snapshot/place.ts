// Where the files of a source lie in the project. A snapshot remembers it: the configuration may be another one when it is restored,
// and is itself restored with the code; then one source's files would come to where another's belong.
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { ResolvedConfig, ResolvedSource } from '../config/index.ts';
import type { Manifest, ManifestSource } from './manifest.ts';

/** Relative to the project; undefined: it lies in no place of the project that the configuration names. */
export function placeOf({ sources }: Pick<ResolvedConfig, 'sources'>, name: string) {
  const source = sources.find((one) => one.name === name);
  if (source?.driver === 'files') return source.path;
  if (source?.driver === 'run') return source.directory;
  return source?.driver === 'sqlite' ? source.file : undefined;
}

/** Inside the project; a manifest may come from anybody who shares the vault. */
export function isPlace(place: string): boolean {
  const parts = path.posix.normalize(place).split('/');
  const elsewhere = place === '' || place.startsWith('/') || parts[0] === '.';
  return !elsewhere && !['..', '.git', '.stillpoint'].some((part) => parts.includes(part));
}

/** Of a file in the project's directory itself. */
export function isFileName(name: string): boolean {
  return isPlace(name) && path.basename(name) === name;
}

/** Throws SOURCE_MOVED. */
export function refuseMoved(
  config: ResolvedConfig,
  { id }: Manifest,
  sources: readonly ManifestSource[],
): void {
  for (const { name: source, place: was } of sources) {
    const is = placeOf(config, source);
    if (was !== undefined && is !== undefined && is !== was)
      throw failure('SOURCE_MOVED', { id, source, was, is });
  }
}

/** The sources with their files where they were: for a project that gets the configuration of that time, too. */
export function placedAsCaptured(
  sources: readonly ResolvedSource[],
  { sources: captured }: Manifest,
): readonly ResolvedSource[] {
  return sources.map((source) => {
    const place = captured.find(
      ({ name, driver }) => name === source.name && driver === source.driver,
    )?.place;
    if (place === undefined) return source;
    if (source.driver === 'files') return { ...source, path: place };
    if (source.driver === 'run') return { ...source, directory: place };
    return source.driver === 'sqlite' ? { ...source, file: place } : source;
  });
}
