// What things in the directory of a run are called.
import { failure } from '@stillpoint/core';

/** Of the run, within the directory of runs; and of its last checkpoint, within that of the run. */
export const LATEST = 'latest';
export const MANIFEST = 'manifest.json';
export const TEMPORARY = '.tmp';

/** Ticks with more than ten digits have longer names: what counts is the number. */
export function checkpointName(tick: number): string {
  return `checkpoint_${String(tick).padStart(10, '0')}.ckpt`;
}

/** Undefined for what is no checkpoint by its name. */
export function tickOfName(file: string): number | undefined {
  const digits = /^checkpoint_(\d{10,16})\.ckpt$/.exec(file)?.[1];
  const tick = Number(digits);
  return digits !== undefined && Number.isSafeInteger(tick) && checkpointName(tick) === file
    ? tick
    : undefined;
}

/** Throws RUN_ID_INVALID. */
export function checkRunId(run: string): void {
  if (!isRunId(run)) throw failure('RUN_ID_INVALID', { run });
}

export function isRunId(run: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,99}$/.test(run) && run !== LATEST && !run.endsWith(TEMPORARY);
}

/** Of a file that this house was writing: a checkpoint, the manifest, a link, a lock that was not shown. Other people's are not ours. */
export function isTemporary(name: string): boolean {
  return /^(checkpoint_\d+\.ckpt|manifest\.json|latest)\.[0-9a-f]{8}\.tmp$|^\.lock-[0-9a-f]{12}\.tmp$/.test(
    name,
  );
}
