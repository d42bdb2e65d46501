// A small world whose observers see signals, members that move, come and go, and what a function makes of them. Its ticks take
// as long as its parameter says.
const source = `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'pond',
  parameters: { work: { value: 0 } },
  signals: { depth: { shape: [6, 8], unit: 'm' } },
  entities: { duck: { capacity: 30, members: { place: { shape: [2] }, weight: {} } } },
  init({ current, random, entities: { duck } }) {
    for (let at = 0; at < 48; at += 1) current.depth[at] = random.float();
    for (let born = 0; born < 12; born += 1) duck.born({ place: [born, -born], weight: born / 7 });
  },
  strata: {
    water: {
      step({ current, previous, random, parameters }) {
        for (let wasted = 0; wasted < parameters.work; wasted += 1) random.float();
        for (let at = 0; at < 48; at += 1)
          current.depth[at] = previous.depth[(at + 1) % 48] * 0.9 + random.float();
      },
    },
    ducks: {
      every: 9,
      step({ random, entities: { duck } }) {
        for (let at = 0; at < 2 * duck.count; at += 1) duck.current.place[at] += random.normal();
        if (random.float() < 0.5 && duck.count < 30) duck.born({ weight: random.float() });
        else if (duck.count > 2) duck.dies(random.below(duck.count));
      },
    },
  },
  fields: {
    depth: { unit: 'm', topology: { kind: 'grid', rows: 6, columns: 8 }, from: 'depth' },
    weight: { topology: { kind: 'points', positions: 'duck.place' }, from: 'duck.weight' },
    speed: {
      topology: { kind: 'grid', rows: 6, columns: 8 },
      shape: [2],
      from: ({ signals }) => Float64Array.from({ length: 96 }, (_, at) => signals.depth[at >> 1] * at),
    },
  },
});
`;

export const pondSource = source;
