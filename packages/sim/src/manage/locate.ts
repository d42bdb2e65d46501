// Which checkpoint a person means: a file, a run or its directory (the newest of it), RUN@TICK, or `latest`.
import { failure } from '@stillpoint/core';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkpointName, isRunId, latestRun, listRuns, tickOfName } from '../directory/index.ts';

export interface Where {
  /** That holds the runs. */
  readonly directory: string;
  /** What relative names of files are relative to. */
  readonly cwd: string;
}

/** The absolute path of one checkpoint. Throws CKPT_MISSING, RUN_UNKNOWN, RUN_NO_CHECKPOINT. */
export async function locateCheckpoint(given: string, where: Where): Promise<string> {
  const at = path.resolve(where.cwd, given);
  const kind = await kindOf(at);
  if (kind === 'file') return await realpath(at);
  if (kind === 'directory' && !isRunId(given)) return await newestIn(await realpath(at));
  if (given.endsWith('.ckpt')) throw failure('CKPT_MISSING', { file: at });
  const [, run = given, tick] = /^(.+)@(\d+)$/.exec(given) ?? [];
  const directory = await locateRun(run, where);
  if (tick === undefined) return await newestIn(directory);
  const file = path.join(directory, checkpointName(Number(tick)));
  if ((await kindOf(file)) !== 'file') throw failure('CKPT_MISSING', { file });
  return file;
}

/** The absolute path of a run's directory. Throws RUN_UNKNOWN. */
export async function locateRun(given: string, { directory, cwd }: Where): Promise<string> {
  if (given === 'latest') {
    const run = await latestRun(directory);
    if (run === undefined) throw failure('RUN_UNKNOWN', { run: given, directory });
    return run.path;
  }
  const named = path.join(directory, given);
  if (isRunId(given) && (await kindOf(named)) === 'directory') return named;
  const at = path.resolve(cwd, given);
  if ((await kindOf(at)) === 'directory' && (await checkpointFilesIn(at)).length > 0)
    return await realpath(at);
  throw failure('RUN_UNKNOWN', { run: given, directory });
}

/** By what was written last; whether it is whole is told by whoever reads it. */
async function newestIn(run: string): Promise<string> {
  const listed = (await listRuns(path.dirname(run))).find(
    ({ runId }) => runId === path.basename(run),
  );
  const file = listed?.manifest.checkpoints.at(-1)?.file ?? (await checkpointFilesIn(run)).at(-1);
  if (file === undefined) throw failure('RUN_NO_CHECKPOINT', { directory: run, skipped: '' });
  return path.join(run, file);
}

/** Names, by their ticks. Also of files that turn out to be none. */
export async function checkpointFilesIn(run: string): Promise<readonly string[]> {
  const ticks = (await readdir(run)).flatMap((name) => tickOfName(name) ?? []);
  return ticks.toSorted((a, b) => a - b).map(checkpointName);
}

async function kindOf(at: string): Promise<'file' | 'directory' | undefined> {
  const found = await stat(at).catch(() => undefined);
  if (found?.isFile() === true) return 'file';
  return found?.isDirectory() === true ? 'directory' : undefined;
}
