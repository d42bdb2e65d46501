// Runs git, always the same way: on a repository named outright (no discovery, so no ownership question), without locks
// it could do without, hooks, pager, prompts, replace refs, grafts or automatic maintenance, and without anything from the
// surroundings (GIT_INDEX_FILE of a hook that called us, for one). Bytes go in and come out; nothing is decoded here.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import os from 'node:os';
import { pipeline } from 'node:stream/promises';
import { failure } from '@stillpoint/core';

export interface GitOptions {
  readonly input?: Uint8Array | string;
  readonly signal?: AbortSignal;
  /** More environment, e.g. GIT_INDEX_FILE. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Git {
  /** What it prints; GIT_FAILED unless it exits with 0. */
  output(args: readonly string[], options?: GitOptions): Promise<Buffer>;
  /** Any exit status is a result. */
  attempt(args: readonly string[], options?: GitOptions): Promise<GitResult>;
  /** Its output as it comes; the iteration rejects with GIT_FAILED if it did not end well. */
  stream(args: readonly string[], options?: GitOptions): AsyncGenerator<Buffer>;
  /** Gives it the content as its input and collects what it prints. */
  feed(
    args: readonly string[],
    content: AsyncIterable<Uint8Array>,
    options?: GitOptions,
  ): Promise<Buffer>;
  /** The process itself, for a dialogue. The caller ends it. */
  open(args: readonly string[], options?: GitOptions): ChildProcessWithoutNullStreams;
  /** The same, but it begins only when its input brings a line, and ends if that closes before. */
  openWaiting(args: readonly string[], options?: GitOptions): ChildProcessWithoutNullStreams;
}

export interface GitPlace {
  readonly gitDirectory?: string;
  readonly workTree?: string;
  /** Where programs are found and whose settings git reads; a plain default unless given. */
  readonly environment?: Readonly<Record<string, string>>;
}

const fixedSettings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'receive.autogc=false',
  'advice.graftFileDeprecated=false',
].flatMap((setting) => ['-c', setting]);

const fixedEnvironment = {
  LC_ALL: 'C',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_GRAFT_FILE: '/dev/null',
};

const defaultPath = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/usr/local/git/bin';

export function createGit(place: GitPlace): Git {
  const environment = {
    PATH: defaultPath,
    HOME: os.homedir(),
    ...place.environment,
    ...fixedEnvironment,
    ...(place.gitDirectory === undefined ? {} : { GIT_DIR: place.gitDirectory }),
    ...(place.workTree === undefined ? {} : { GIT_WORK_TREE: place.workTree }),
  };
  const start = (
    program: string,
    args: readonly string[],
    options: GitOptions,
  ): ChildProcessWithoutNullStreams => {
    const child = spawn(program, [...args], {
      cwd: place.workTree ?? place.gitDirectory ?? '/',
      env: { ...environment, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    // A process that ends before it has read everything breaks the pipe; its exit status says what happened.
    child.stdin.on('error', () => {});
    return child;
  };
  const words = (args: readonly string[]) => ['--no-pager', ...fixedSettings, ...args];
  const open: Git['open'] = (args, options = {}) => start('git', words(args), options);
  const openWaiting: Git['openWaiting'] = (args, options = {}) =>
    start('/bin/sh', ['-c', 'read -r go && exec git "$@"', 'git', ...words(args)], options);

  async function* stream(
    args: readonly string[],
    options: GitOptions = {},
  ): AsyncGenerator<Buffer> {
    const child = open(args, options);
    const ended = watchEnd(child, args);
    // Whoever stops reading early never awaits it.
    ended.catch(() => {});
    child.stdin.end(options.input ?? '');
    try {
      for await (const chunk of child.stdout) yield chunk as Buffer;
      const { code, stderr } = await ended;
      if (code !== 0) throw gitFailed(args, stderr, code);
    } finally {
      if (child.exitCode === null) child.kill('SIGTERM');
    }
  }

  async function attempt(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    const child = open(args, options);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(options.input ?? '');
    const { code, stderr } = await watchEnd(child, args);
    return { code, stderr, stdout: Buffer.concat(chunks) };
  }

  async function output(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
    const result = await attempt(args, options);
    if (result.code !== 0) throw gitFailed(args, result.stderr, result.code);
    return result.stdout;
  }

  const feed: Git['feed'] = async (args, content, options = {}) => {
    const child = open(args, options);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = watchEnd(child, args);
    ended.catch(() => {});
    try {
      await pipeline(content, child.stdin);
    } catch (error) {
      // Either git failed and closed the pipe: then its own words tell why. Or the content failed: then that is why.
      child.kill('SIGTERM');
      const end = await ended.catch(() => undefined);
      const closedByGit = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(
        (error as NodeJS.ErrnoException).code ?? '',
      );
      throw closedByGit && end !== undefined ? gitFailed(args, end.stderr, end.code) : error;
    }
    const { code, stderr } = await ended;
    if (code !== 0) throw gitFailed(args, stderr, code);
    return Buffer.concat(chunks);
  };

  return { output, attempt, stream, feed, open, openWaiting };
}

interface End {
  readonly code: number;
  readonly stderr: string;
}

const stderrLimit = 16_384;

/** Resolves when the process is gone and its pipes are closed; rejects when it could not be started or was aborted. */
export function watchEnd(
  child: ChildProcessWithoutNullStreams,
  args: readonly string[],
): Promise<End> {
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < stderrLimit) stderr += chunk.toString('utf8');
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    reject(error.code === 'ENOENT' ? failure('GIT_MISSING', {}, error) : error);
  });
  child.on('close', (code, signal) => {
    if (code === null) reject(gitFailed(args, `${stderr}ended by ${signal}`, 128));
    else resolve({ code, stderr });
  });
  return promise;
}

export function gitFailed(args: readonly string[], stderr: string, code: number): Error {
  // URLs in git's words may carry credentials.
  const words = stderr.trim().replaceAll(/\/\/[^/@\s]+@/g, '//') || `exit status ${code}`;
  return failure('GIT_FAILED', { command: args[0] ?? '', words: words.slice(-600) });
}
