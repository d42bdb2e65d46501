// Where lenses are, and how a person names one.
import type { Command } from 'commander';
import type { LocatedLens } from '@stillpoint/sim';
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
  'a .lens file, the directory of a run, a directory of runs, or the address of one (s3, or of a run http, https)';

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

/** The one that is named, by its path, its address or the id of its run. */
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

/** Several runs of one place: those that are named, all, or the latest. */
export async function locateEach(
  context: CommandContext,
  given: string,
  { run: runs = [], all }: { readonly run?: readonly string[]; readonly all?: true },
): Promise<readonly LocatedLens[]> {
  const located: LocatedLens[] = [];
  const { lensRunsAt } = await loadSim();
  if (all === true)
    for (const run of await lensRunsAt(given, { cwd: context.host.cwd }))
      located.push(await locate(context, run));
  else if (runs.length === 0) located.push(await locate(context, given));
  else for (const run of runs) located.push(await locate(context, given, { run }));
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
