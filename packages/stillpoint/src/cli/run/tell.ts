// What a run says while it goes on: to a person on stderr, or as one line of JSON an event on stdout.
import { isFailure } from '@stillpoint/core';
import type { SessionEnd, SessionEvent } from '@stillpoint/sim';
import path from 'node:path';
import type { Output } from '../../output/output.ts';
import { countText } from '../../output/units.ts';
import { createRunProgress, EVENT_EVERY_MS, LOG_EVERY_MS, type RunProgress } from './progress.ts';

export function tellEvents(output: Output): (event: SessionEvent) => void {
  let progress: RunProgress | undefined;
  let droppedToldMs = -Infinity;
  // There may be a thousand a second, and each says how many there were.
  const isToBeTold = (): boolean => {
    const ms = performance.now();
    if (ms - droppedToldMs < (output.json ? EVENT_EVERY_MS : LOG_EVERY_MS)) return false;
    droppedToldMs = ms;
    return true;
  };
  return (event) => {
    if (event.type === 'started') {
      const { tick: fromTick, untilTick } = event;
      progress = createRunProgress(output, { fromTick, untilTick });
    }
    if (event.type === 'progress') progress?.at(event.tick, event.simTimeSeconds);
    else if (event.type === 'lens:dropped' && !isToBeTold()) return;
    else if (output.json) output.result(jsonOf(event));
    else tellPerson(output, event);
  };
}

/** Names as the last event has them, and errors by their words. */
function jsonOf({ type, ...event }: SessionEvent): object {
  if ('error' in event) return { event: type, ...event, error: messageOf(event.error) };
  return { event: type, ...event };
}

function tellPerson(output: Output, event: SessionEvent): void {
  switch (event.type) {
    case 'started':
      tellStarted(output, event);
      break;
    case 'warned':
      output.warn(event.text);
      break;
    case 'era':
      output.say(`Era ${event.to} begins after tick ${event.tick}.`);
      break;
    case 'checkpoint:dropped':
      // 1, 2, 4, 8, …: whose disk is too slow is told, and not each time.
      if ((event.dropped & (event.dropped - 1)) === 0)
        output.warn(
          `The checkpoint of tick ${event.tick} was dropped, for those before are still being written (${countText(event.dropped, 'checkpoint')} so far).`,
        );
      break;
    case 'checkpoint:failed':
      output.warn(messageOf(event.error));
      break;
    default:
      tellLens(output, event);
  }
}

function tellLens(output: Output, event: SessionEvent): void {
  switch (event.type) {
    case 'lens:opened':
      output.say(`Lens of ${countText(event.fields.length, 'field')} in ${event.directory}.`);
      break;
    case 'lens:dropped':
      output.warn(
        `The frame of tick ${event.tick} was dropped, for the disk does not keep up (${countText(event.dropped, 'frame')} so far). A larger --lens-stride, fewer --lens-fields or --lens-precision bits:12 is less to write.`,
      );
      break;
    case 'lens:missed':
      output.warn(
        `The checkpoint of tick ${event.tick} does not count the frames of the lens: they were not on disk in time.`,
      );
      break;
    case 'lens:waiting':
      output.warn(
        `The run has ended, and its lens waits for the disk: ${waitedForText(event.frames)}`,
      );
      break;
    case 'lens:failed':
      output.warn(
        event.dropped === 0 || isFailure(event.error, 'LENS_NOT_CLOSED')
          ? messageOf(event.error)
          : `${messageOf(event.error)} The run goes on; ${countText(event.dropped, 'frame')} of the lens ${event.dropped === 1 ? 'is' : 'are'} lost so far.`,
      );
      break;
    default:
  }
}

function waitedForText(frames: number): string {
  return frames === 0
    ? 'its last files are not finished yet. Ctrl-C ends the wait; who opens the lens next finishes them.'
    : `${countText(frames, 'frame')} ${frames === 1 ? 'is' : 'are'} not written yet. Ctrl-C ends the wait, and ${frames === 1 ? 'it is' : 'they are'} lost.`;
}

function tellStarted(
  output: Output,
  event: Extract<SessionEvent, { readonly type: 'started' }>,
): void {
  const { runId, tick, resumedFrom, skipped, forced } = event;
  for (const { file, why } of skipped) output.warn(`${file} was not used: ${why}`);
  if (runId === null) return;
  if (resumedFrom === null) output.say(`Run ${runId}.`);
  else if (path.basename(path.dirname(resumedFrom)) === runId)
    output.say(`Run ${runId} goes on from tick ${tick}.`);
  else output.say(`Run ${runId} begins with tick ${tick}, from ${resumedFrom}.`);
  if (forced === null) return;
  for (const name of forced.dropped) output.warn(`The world has no ${name} any more: dropped.`);
  for (const name of forced.defaulted)
    output.warn(`The checkpoint has no such ${name}: as a new run has it.`);
}

export function tellEnd(output: Output, end: SessionEnd): void {
  const { reason, runId, tick, simTimeSeconds, stateHash, checkpoints, lens } = end;
  const event = { reached: 'finished', stopped: 'stopped', aborted: 'interrupted' }[reason];
  output.result({ event, runId, tick, simTime: simTimeSeconds, stateHash, checkpoints, lens });
  if (reason === 'aborted') return;
  const lines: readonly (readonly [string, string])[] = [
    ...(runId === null ? [] : [['run', runId] as const]),
    ['tick', String(tick)],
    ['time', `${simTimeSeconds} s of its world`],
    ['state', stateHash],
    ...(checkpoints.last === null ? [] : [['checkpoint', checkpoints.last.file] as const]),
    ...(lens === null ? [] : [['lens', lensText(lens)] as const]),
  ];
  for (const [name, text] of lines) output.data(`${name.padEnd(12)}${text}`);
}

function lensText({ directory, frames, dropped }: NonNullable<SessionEnd['lens']>): string {
  const lost = dropped === 0 ? '' : `, ${dropped} dropped`;
  return `${directory} (${countText(frames, 'frame')}${lost})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
