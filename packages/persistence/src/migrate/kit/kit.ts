// Our end of the planner's process. It is a process because the kit may end the one it runs in, takes 0.4 s to load and 85 MB to
// hold, and is needed for a moment only.
import { failure } from '@stillpoint/core';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { Federation, FoundExtension } from '../../registry/index.ts';
import type { Entity } from '../contract.ts';
import type { Hint, KitReply, KitRequest, OwnedEntity, Question } from './protocol.ts';

/** Answers one question at a time. Rejects with MIGRATION_PLANNER_FAILED. */
export interface Kit extends AsyncDisposable {
  /** All entities of the federation, in its order; a table is followed by what is part of it. */
  describe(federation: Federation): Promise<readonly OwnedEntity[]>;
  difference(
    from: readonly Entity[],
    to: readonly Entity[],
    hints: readonly Hint[],
  ): Promise<
    { readonly statements: readonly string[] } | { readonly questions: readonly Question[] }
  >;
}

/** Of what the process printed, only the end is told. */
const keptCharacters = 2000;

export function startKit(signal?: AbortSignal): Kit {
  const child = spawn(process.execPath, [...nodeFlags(process.execArgv), programFile()], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const }),
  });
  let printed = '';
  const keep = (text: string): void => {
    printed = (printed + text).slice(-keptCharacters);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  child.stdin.on('error', () => {});
  child.on('error', (error) => keep(error.message));
  const closed = once(child, 'close').catch(() => []);
  const replies = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();

  const ask = async (request: KitRequest): Promise<KitReply> => {
    signal?.throwIfAborted();
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const next = await replies.next();
    signal?.throwIfAborted();
    if (next.done === true) {
      await closed;
      throw failure('MIGRATION_PLANNER_FAILED', { reason: told(printed, child.exitCode) });
    }
    const reply = JSON.parse(next.value) as KitReply;
    if (reply.kind !== 'failed') return reply;
    if (reply.reason === undefined) await closed;
    const reason = reply.reason ?? told(printed, child.exitCode);
    if (reply.about === undefined) throw failure('MIGRATION_PLANNER_FAILED', { reason });
    throw failure('MIGRATION_MODEL_REFUSED', { ...reply.about, reason });
  };

  return {
    describe: async (federation) => {
      const reply = await ask({ kind: 'describe', found: federation.extensions.flatMap(foundOf) });
      if (reply.kind !== 'described') throw new TypeError(`described by ${reply.kind}`);
      return reply.entities;
    },
    difference: async (from, to, hints) => {
      const reply = await ask({ kind: 'difference', from, to, hints });
      if (reply.kind === 'statements' || reply.kind === 'questions') return reply;
      throw new TypeError(`compared by ${reply.kind}`);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

function foundOf({
  file,
  directory,
  version,
  commit,
}: Federation['extensions'][number]): readonly FoundExtension[] {
  if (file === undefined || directory === undefined) return [];
  return [{ file, directory, version, commit }];
}

function told(printed: string, exitCode: number | null): string {
  const text = stripVTControlCharacters(printed).replaceAll(/\s+/g, ' ').trim();
  return text === '' ? `it ended with status ${exitCode ?? 'unknown'} and said nothing.` : text;
}

/** Beside this file, under the same extension: .ts in the repository, .js when published. */
function programFile(): string {
  const here = fileURLToPath(import.meta.url);
  return path.join(path.dirname(here), `kit-process${path.extname(here)}`);
}

/** Of our own flags those that a program file needs to be found and run; never --eval, --test or --inspect. */
function nodeFlags(flags: readonly string[]): readonly string[] {
  const wanted = ['--conditions', '-C', '--no-warnings', '--disable-warning', '--import'];
  return flags.flatMap((flag, index) => {
    if (!wanted.includes(flag.split('=', 1)[0] ?? '')) return [];
    const value = flags[index + 1];
    const takesValue = !flag.includes('=') && flag !== '--no-warnings' && value !== undefined;
    return takesValue ? [flag, value] : [flag];
  });
}
