// Where lenses are, and how a person names one.
import { failure } from '@stillpoint/core';
import type { Command } from 'commander';
import type { ListedLens, LocatedLens } from '@stillpoint/sim';
import path from 'node:path';
import type { CommandContext } from '../context.ts';
import { loadSim } from '../load-sim.ts';

export interface LensDirOptions {
  readonly lensDir?: string;
}

export interface LensRunOptions extends LensDirOptions {
  readonly run?: string;
}

export const USUAL_LENS_DIRECTORY = 'lens';

/** How a lens may be named. */
export const LENS =
  'the id of a run in ./lens, a .lens file, the directory of a run, a directory of runs, or the address of one (s3, or of a run http, https); an id comes before a path, ./NAME is a path';

export function addLensDirOption(command: Command): Command {
  return command.option(
    '--lens-dir <dir>',
    `where the lenses of runs are, instead of ./${USUAL_LENS_DIRECTORY}`,
  );
}

export function lensDirOf({ lensDir }: LensDirOptions): string {
  return lensDir ?? USUAL_LENS_DIRECTORY;
}

/** A path relative to where the command runs, or an address as it is. */
export function placeText({ host }: CommandContext, given: string): string {
  return /^[a-z0-9]+:\/\//i.test(given) ? given : path.resolve(host.cwd, given);
}

/** The one that is named, by the id of its run, its path or its address. */
export async function locate(
  { host }: CommandContext,
  given: string,
  options: LensRunOptions = {},
): Promise<LocatedLens> {
  const { locateLens } = await loadSim();
  const directory = path.resolve(host.cwd, lensDirOf(options));
  const { run } = options;
  return await locateLens(given, { cwd: host.cwd, directory, ...(run !== undefined && { run }) });
}

/** The run that is chosen of the lens directory, or its latest. */
export async function locateRun(
  { host }: CommandContext,
  options: LensRunOptions,
): Promise<LocatedLens> {
  const { locateLens } = await loadSim();
  const { run } = options;
  return await locateLens(lensDirOf(options), { cwd: host.cwd, ...(run !== undefined && { run }) });
}

/** All runs of a directory or prefix; none where what is named is one run, a file, or an address that cannot be listed. */
export async function runsAt(
  context: CommandContext,
  given: string | undefined,
): Promise<readonly ListedLens[]> {
  const { cwd } = context.host;
  const { lensRunNamed, listLenses } = await loadSim();
  const directory = USUAL_LENS_DIRECTORY;
  if (given !== undefined && (await lensRunNamed(given, { cwd, directory })) !== undefined)
    return [];
  return await listLenses(placeText(context, given ?? directory));
}

/** Several runs of one place: those that are named, all, or the latest. */
export async function locateEach(
  context: CommandContext,
  given: string,
  { run: runs = [], all }: { readonly run?: readonly string[]; readonly all?: true },
): Promise<readonly LocatedLens[]> {
  const located: LocatedLens[] = [];
  const { lensRunsAt } = await loadSim();
  if (all === true) {
    for (const run of await lensRunsAt(given, { cwd: context.host.cwd }))
      located.push(await locate(context, run));
    if (located.length === 0) throw failure('LENS_EMPTY', { path: placeText(context, given) });
  } else if (runs.length === 0) located.push(await locateRun(context, { lensDir: given }));
  else for (const run of runs) located.push(await locateRun(context, { lensDir: given, run }));
  return located;
}

/** The directories of the runs that a command is about: one, or all. */
export async function runsOf(
  { host }: CommandContext,
  options: LensRunOptions,
): Promise<readonly string[]> {
  const { locateLensRuns } = await loadSim();
  const { run } = options;
  return await locateLensRuns(lensDirOf(options), {
    cwd: host.cwd,
    ...(run !== undefined && { run }),
  });
}
