// Frames that were dropped where somebody asks: said, so that nobody takes the nearest frame, or none, for all that there was.
import type { Dropped, Lens, When } from '@stillpoint/sim';
import { countText } from '../../output/units.ts';

/** Those that a question reaches into. Times of the world are not known of frames that are not there. */
export function gapsAskedFor({ dropped }: Lens, when: When): readonly Dropped[] {
  if ('tick' in when) return dropped.filter(({ ticks }) => reaches(ticks, when.tick, when.tick));
  if (!('ticks' in when)) return [];
  const { from = 0, to = Infinity } = when.ticks;
  return dropped.filter(({ ticks }) => reaches(ticks, from, to));
}

export function gapText({ ticks: { start, end }, frames, reason }: Dropped): string {
  const where = end - 1 === start ? `tick ${start}` : `ticks ${start} to ${end - 1}`;
  const why = reason === 'slow' ? 'the disk did not keep up' : 'writing or sampling failed';
  return `${countText(frames, 'frame')} of ${where} ${frames === 1 ? 'was' : 'were'} dropped: ${why}.`;
}

/** There may be a thousand; the first of them say enough. */
export function gapTexts(gaps: readonly Dropped[]): readonly string[] {
  if (gaps.length <= SHOWN) return gaps.map(gapText);
  const frames = gaps.reduce((sum, one) => sum + one.frames, 0);
  const more = `${countText(frames, 'dropped frame')} in ${gaps.length} gaps; stillpoint lens info --json lists them.`;
  return [...gaps.slice(0, SHOWN).map(gapText), `In what was asked for are ${more}`];
}

const SHOWN = 3;

function reaches({ start, end }: Dropped['ticks'], from: number, to: number): boolean {
  return start <= to && end - 1 >= from;
}
