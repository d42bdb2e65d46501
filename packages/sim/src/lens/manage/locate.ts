// Which lens a person means: one `.lens` file, the directory of a run, a directory of runs (and in it a run, or the latest), the same
// on S3, or the address of a run behind HTTP.
import { failure } from '@stillpoint/core';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRunId } from '../../directory/index.ts';
import {
  directoryPlace,
  filePlace,
  httpPlace,
  isS3Address,
  type LensPlace,
} from '../read/index.ts';
import { listOnS3, locateOnS3 } from './on-s3.ts';
import { latestLens, runsIn } from './runs.ts';
import { lensFilesIn } from '../record/index.ts';

export interface LocateLensOptions {
  /** What relative names are relative to. */
  readonly cwd: string;
  /** Of a directory of runs; the latest unless told. */
  readonly run?: string;
  /** Where a name without a path is looked for first, as the id of a run. */
  readonly directory?: string;
}

export type LocatedLens =
  | { readonly kind: 'file' | 'run'; readonly path: string; readonly place: LensPlace }
  | { readonly kind: 'address'; readonly path: string; readonly place: LensPlace };

/** Throws LENS_MISSING, LENS_EMPTY. */
export async function locateLens(
  given: string,
  { cwd, run, directory }: LocateLensOptions,
): Promise<LocatedLens> {
  if (isS3Address(given)) return await locateOnS3(given, run);
  if (/^https?:\/\//i.test(given)) {
    const address = run === undefined ? given : `${given.replace(/\/$/, '')}/${run}`;
    return { kind: 'address', path: address, place: httpPlace(address) };
  }
  const named =
    directory === undefined || run !== undefined
      ? undefined
      : await lensRunNamed(given, { cwd, directory });
  if (named !== undefined) return located(named);
  const at = path.resolve(cwd, given);
  const kind = await kindOf(at);
  // The runs beside it are told, if there are any.
  if (kind === undefined && directory !== undefined && isRunId(given))
    if ((await kindOf(directory)) === 'directory')
      return located(await locateRunOfLens(directory, given));
  if (kind === undefined) throw await missing(at);
  if (kind === 'file') return { kind, path: at, place: filePlace(at) };
  if (run !== undefined) return located(await locateRunOfLens(at, run));
  if ((await lensFilesIn(at)).length > 0) return located(at);
  const latest = await latestLens(at);
  if (latest === undefined) throw failure('LENS_EMPTY', { path: at });
  return located(latest);
}

/**
 * The run of that name, where the directory has one with frames. It comes before what lies in the working directory by the same name, as
 * runs do with checkpoints: that is meant by a path, like ./NAME.
 */
export async function lensRunNamed(
  given: string,
  { cwd, directory }: { readonly cwd: string; readonly directory: string },
): Promise<string | undefined> {
  if (!isRunId(given)) return undefined;
  const at = path.resolve(cwd, directory, given);
  return (await kindOf(at)) === 'directory' && (await lensFilesIn(at)).length > 0 ? at : undefined;
}

/** The directories of runs that a person means by a directory: itself, or those in it. Throws LENS_MISSING. */
export async function locateLensRuns(
  given: string,
  { cwd, run }: LocateLensOptions,
): Promise<readonly string[]> {
  const at = path.resolve(cwd, given);
  if ((await kindOf(at)) !== 'directory') throw await missing(at);
  if (run !== undefined) return [await locateRunOfLens(at, run)];
  if ((await lensFilesIn(at)).length > 0) return [at];
  return (await runsIn(at)).map((runId) => path.join(at, runId));
}

/** All runs of a directory or below a prefix of a bucket, as `locateLens` takes them. Throws LENS_MISSING. */
export async function lensRunsAt(
  given: string,
  options: Pick<LocateLensOptions, 'cwd'>,
): Promise<readonly string[]> {
  if (isS3Address(given)) return (await listOnS3(given)).map(({ path: address }) => address);
  return await locateLensRuns(given, options);
}

async function locateRunOfLens(directory: string, run: string): Promise<string> {
  const at = path.join(directory, run);
  if (!isRunId(run)) throw failure('RUN_ID_INVALID', { run });
  if ((await kindOf(at)) !== 'directory') throw await missing(at);
  return at;
}

function located(at: string): LocatedLens {
  return { kind: 'run', path: at, place: directoryPlace(at) };
}

async function missing(at: string): Promise<Error> {
  const beside = await readdir(path.dirname(at)).catch(() => []);
  const runs = beside.length === 0 ? [] : await runsIn(path.dirname(at));
  return failure('LENS_MISSING', { path: at, known: runs.join(', ') || 'no runs' });
}

async function kindOf(at: string): Promise<'file' | 'directory' | undefined> {
  const found = await stat(at).catch(() => undefined);
  if (found?.isFile() === true) return 'file';
  return found?.isDirectory() === true ? 'directory' : undefined;
}
