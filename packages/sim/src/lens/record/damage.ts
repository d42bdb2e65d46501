// What a journal that is damaged has lost: frames between the last that can be read and the last that is whole.
import { damagedFrom, type Journal } from '../journal/index.ts';
import type { Dropped } from './contract.ts';

export interface LostFrames {
  readonly gap: Dropped;
  /** Behind the last of them. */
  readonly endBytes: number;
}

/** Frames up to a tick that are damaged, or whole behind what is; undefined where there is no damage up to that tick: what a kill has cut is none. */
export async function lostIn(
  journal: Journal,
  throughTick: number,
): Promise<LostFrames | undefined> {
  const damaged = damagedFrom(journal);
  if (damaged === undefined || damaged > throughTick) return undefined;
  const last = journal.frames.at(-1);
  const start = last === undefined ? journal.facts.ticks.start : last.tick + 1;
  const from = last?.endBytes ?? journal.factsEndBytes;
  let [end, at, frames] = [start, from, 0];
  let endBytes = from + journal.cutBytes;
  if (journal.damagedBeforeTick === undefined)
    return { gap: { ticks: { start, end: damaged + 1 }, frames: 1, reason: 'failed' }, endBytes };
  for await (const whole of journal.behindDamage()) {
    if (whole.tick > throughTick) {
      endBytes = whole.startBytes;
      break;
    }
    const damagedBytes = whole.startBytes - at;
    // Records of one field are mostly of one length.
    const damaged = Math.round(damagedBytes / (whole.endBytes - whole.startBytes));
    frames += 1 + (damagedBytes === 0 ? 0 : Math.max(damaged, 1));
    [end, at] = [whole.tick + 1, whole.endBytes];
  }
  return { gap: { ticks: { start, end }, frames, reason: 'failed' }, endBytes };
}
