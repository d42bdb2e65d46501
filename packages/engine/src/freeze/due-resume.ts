// A resume that somebody owes to a suspended participant, as plain data: whoever finds it (we ourselves, the watchdog, the
// next command after a reboot) can carry it out. Holds no secret but what the user wrote into the command or the URL; the
// journal it is kept in is private. Resumes are idempotent by contract, so doing one twice is harmless.
import { isAlive, type ProcessIdentity } from '@stillpoint/core';
import { postJson, withoutSecrets } from './http-call.ts';
import { killGroup, runCommand } from './shell.ts';

export type DueResume = DueCommand | DueHttp;

export interface DueCommand {
  readonly kind: 'command';
  readonly participant: string;
  readonly line: string;
  readonly directory: string;
  /** Added to the inherited environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the command's output goes. */
  readonly logFile: string;
  /** The process that waits for the word to suspend, or is doing it: ended first, or it would suspend after the resume. */
  readonly suspender: ProcessIdentity;
}

export interface DueHttp {
  readonly kind: 'http';
  readonly participant: string;
  readonly url: string;
  readonly snapshot: string;
}

/** An attempt that takes longer is given up and counted as failed. */
const attemptTimeoutMs = 10_000;

/** One attempt. 'lost': the participant says that it was not suspended any more. */
export async function carryOut(due: DueResume, signal?: AbortSignal): Promise<'held' | 'lost'> {
  const timeout = AbortSignal.timeout(attemptTimeoutMs);
  const bounded = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  if (due.kind === 'http') {
    const answer = await postJson(due.url, { snapshot: due.snapshot }, bounded);
    return saysLost(answer) ? 'lost' : 'held';
  }
  await endSuspender(due);
  await runCommand({ ...due, signal: bounded });
  return 'held';
}

/** What a person does when nobody else could. */
export function byHand(due: DueResume): string {
  return due.kind === 'command'
    ? due.line
    : `curl -X POST -H 'content-type: application/json' -d '{"snapshot":"${due.snapshot}"}' ${withoutSecrets(due.url)}`;
}

async function endSuspender(due: DueCommand): Promise<void> {
  if (isAlive(due.suspender)) await killGroup(due.suspender);
}

export function saysLost(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'held' in answer && answer.held === false;
}
