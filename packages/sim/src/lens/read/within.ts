// The frames of some ticks of a part, as a part of its own.
import type { TickRange } from '../contract.ts';
import type { Part } from './parts.ts';

export function within(part: Part, { start, end }: TickRange): Part {
  const from = part.ticks.findIndex((tick) => tick >= start);
  const first = from < 0 ? part.ticks.length : from;
  return {
    facts: part.facts,
    sizeBytes: part.sizeBytes,
    ticks: part.ticks.filter((tick) => tick >= start && tick < end),
    timeSeconds: (frame) => part.timeSeconds(frame + first),
    samples: (field, frame, signal, memory) => part.samples(field, frame + first, signal, memory),
    series: (field, low, high, columns, signal) =>
      part.series(field, low + first, high + first, columns, signal),
    [Symbol.asyncDispose]: () => part[Symbol.asyncDispose](),
  };
}
