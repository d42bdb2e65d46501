// The directory in which a benchmark does everything, removed at its end; and the programs it runs there.
// As root, servers run as another user, who must be able to pass through.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly signal: AbortSignal;
  /** To the person who waits. */
  readonly say: (text: string) => void;
}

export interface PlaceOptions {
  readonly parent: string;
  readonly neededBytes: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export async function openPlace({
  parent,
  neededBytes,
  signal,
  say,
}: PlaceOptions): Promise<Place> {
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize < neededBytes) {
    const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
    throw new Error(
      `${parent} has ${gigabytes(bavail * bsize)} GB free, the benchmark needs ${gigabytes(neededBytes)} GB: name another with --directory`,
    );
  }
  const directory = await mkdtemp(path.join(parent, 'stillpoint-bench-'));
  await chmod(directory, 0o711);
  return {
    directory,
    signal,
    say,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

const execute = promisify(execFile);

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly uid?: number;
  readonly gid?: number;
}

/** Resolves to stdout; rejects with stderr in its message. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { stdout } = await execute(program, [...args], {
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  return stdout;
}

/** Writes of what was measured before must not be paid by what is measured next. */
export async function settleDisk(): Promise<void> {
  await run('sync', []);
}

export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly value: T }> {
  const startedMs = performance.now();
  const value = await work();
  return { ms: performance.now() - startedMs, value };
}
