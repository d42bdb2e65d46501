// Rebuilding a member: the command that the configuration names for it, run after the switch when other dependencies are locked
// than are installed. It may write anything below the member, so only one may run: one that outlived its restore is ended first.
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  canonicalJson,
  failure,
  isAlive,
  removeFileDurable,
  writeFileAtomic,
  type ProcessIdentity,
} from '@stillpoint/core';
import type { ResolvedMember } from '../config/index.ts';
import type { EngineContext } from '../context.ts';
import { killGroup, prepareCommand } from '../freeze/index.ts';
import type { Lockfile } from '../snapshot/index.ts';
import type { MemberState } from '../sources/contract.ts';

/** Journaled: after a death it is run as it was meant, whatever the configuration says by then. */
export interface Rebuild {
  readonly member: string;
  /** A shell command line. */
  readonly command: string;
}

type LockedMember = Pick<MemberState, 'path' | 'dependencyLocks'>;

/** What will be there, and what was there; `before` lacks a member that was not there. */
export interface LockedStates {
  readonly after: Lockfile;
  readonly before: { readonly members: readonly LockedMember[] } | undefined;
  /** Names of what is restored. */
  readonly restored: ReadonlySet<string>;
}

/** The members whose dependency lockfiles change, or that are new, and that have a command. */
export function rebuildsDue(
  members: readonly ResolvedMember[],
  { after, before, restored }: LockedStates,
): readonly Rebuild[] {
  return members.flatMap(({ path: member, rebuild: command }) => {
    const target = after.members.find((one) => one.path === member);
    if (command === undefined || target === undefined || !restored.has(member)) return [];
    const was = before?.members.find((one) => one.path === member);
    return was !== undefined && locksOf(was) === locksOf(target) ? [] : [{ member, command }];
  });
}

function locksOf({ dependencyLocks }: LockedMember): string {
  return canonicalJson(dependencyLocks.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
}

/** Throws REBUILD_FAILED, also when it was interrupted: it is then ended with everything that it started. */
export async function runRebuild(
  { config, state }: EngineContext,
  { member, command }: Rebuild,
  signal: AbortSignal,
): Promise<void> {
  const logDirectory = path.join(state.directory, 'log');
  await mkdir(logDirectory, { recursive: true, mode: 0o700 });
  const logFile = path.join(logDirectory, `rebuild-${logName(member)}.log`);
  // Written before it does anything. If we die while it runs, whoever ends the restore ends it first.
  const running = path.join(path.dirname(state.journalFile), 'rebuild.json');
  await endLeftover(running);
  try {
    await using prepared = await prepareCommand({
      line: command,
      directory: path.join(config.projectDirectory, member),
      environment: {},
      logFile,
    });
    await writeFileAtomic(running, `${JSON.stringify(prepared.identity)}\n`);
    await prepared.run(signal);
  } catch (error) {
    const reason = signal.aborted ? 'it was interrupted.' : sentence(error);
    throw failure('REBUILD_FAILED', { member, reason, log: logFile, command }, error);
  } finally {
    await removeFileDurable(running);
  }
}

function logName(member: string): string {
  return member === '.' ? 'project' : member.replaceAll('/', '-');
}

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.?!)]$/.test(text) ? text : `${text}.`;
}

async function endLeftover(file: string): Promise<void> {
  let leader: ProcessIdentity;
  try {
    leader = JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    return;
  }
  if (isAlive(leader)) await killGroup(leader);
}
