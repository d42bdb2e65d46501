// Content of which anybody can say what it must be at a tick.
import { arrayOf, type SectionShape, type TestState } from './states.ts';

export function writtenShapes(numbers: number): readonly SectionShape[] {
  return [
    { name: 'current/field', dtype: 'f64', shape: [numbers] },
    { name: 'previous/field', dtype: 'f64', shape: [numbers] },
    { name: 'current/@clock', dtype: 'f64', shape: [4], kind: 'clock' },
  ];
}

/** Of every tenth number another one in each tick. */
export function fillByTick({ sections }: TestState, tick: number): void {
  for (const section of sections) {
    const array = arrayOf(section);
    for (let at = 0; at < array.length; at += 1)
      array[at] = Math.sin(at) + (at % 10_000 < 1000 ? tick : 0);
  }
}
