// A planet that cools down until it can be lived on: the warmth of its air, and plates that drift. Shows signals on a sphere, strata of
// different cadence, eras with a transition, entities, an asset, and fields to plot.
import { defineWorld, det } from '@stillpoint/sim';
import { spreadWarmth } from './atmosphere.ts';
import { anyDirection, moveWithPlates } from './plates.ts';
import { readRelief } from './relief.ts';
import { COLUMNS, ROWS } from './size.ts';
import { meanOver } from './sphere.ts';

const HOUR_SECONDS = 3600;
const PLATES = 12;

export default defineWorld({
  name: 'terra',
  parameters: {
    solar: { value: 1361, unit: 'W/m²', minimum: 0 },
    diffusion: { value: 0.08, minimum: 0, maximum: 0.22 },
    dayHours: { value: 24, unit: 'h', minimum: 1 },
    storms: { value: 40, unit: '1/tick', minimum: 0 },
  },
  signals: {
    temperature: { shape: [ROWS, COLUMNS], unit: 'K' },
    'plates.velocity': { shape: [ROWS, COLUMNS, 2], unit: 'cm/a', note: 'eastward, northward' },
    land: { dtype: 'u8', shape: [ROWS, COLUMNS] },
    meanTemperature: { unit: 'K' },
  },
  entities: {
    plate: {
      capacity: 16,
      members: { centre: { shape: [3] }, spin: { shape: [3], unit: 'cm/a' } },
    },
  },
  assets: { relief: 'relief.txt' },
  init({ current, entities: { plate }, assets, random }) {
    readRelief(current.land, assets['relief']!);
    current.temperature.fill(420);
    current.meanTemperature[0] = 420;
    for (let born = 0; born < PLATES; born += 1) {
      const [x, y, z] = anyDirection(random);
      const speed = 2 + 6 * random.float();
      plate.born({ centre: anyDirection(random), spin: [x * speed, y * speed, z * speed] });
    }
    const { count, current: plates } = plate;
    moveWithPlates(current['plates.velocity'], { count, ...plates });
  },
  strata: {
    atmosphere: {
      rewrites: ['temperature'],
      step({ previous, current, parameters, timeSeconds, dtSeconds }) {
        const { solar, diffusion, dayHours } = parameters;
        const angle = (timeSeconds / (dayHours * HOUR_SECONDS)) * 2 * Math.PI;
        // Against the planet's turn, which is eastward.
        const noon = { sine: -det.sin(angle), cosine: det.cos(angle) };
        const sky = { solar, diffusion, noon, dtSeconds };
        spreadWarmth(previous.temperature, current.temperature, current.land, sky);
      },
    },
    weather: {
      every: 4,
      step({ current: { temperature }, parameters: { storms }, random }) {
        for (let storm = 0; storm < storms; storm += 1) {
          const row = 1 + random.below(ROWS - 2);
          const column = random.below(COLUMNS);
          const colder = 4 * random.normal();
          for (let beside = -1; beside <= 1; beside += 1)
            temperature[(row + beside) * COLUMNS + column]! += colder / (1 + beside * beside);
        }
      },
    },
    plates: {
      step({ current, entities: { plate }, random }) {
        const { count, current: plates } = plate;
        // Each is pushed a little, and one may break off where there is room.
        for (let index = 0; index < 3 * count; index += 1)
          plates.spin[index]! += 0.05 * random.normal();
        moveWithPlates(current['plates.velocity'], { count, ...plates });
        if (count < 16 && random.float() < 0.02)
          plate.born({ centre: anyDirection(random), spin: anyDirection(random) });
        else if (count > 8 && random.float() < 0.02) plate.dies(random.below(count));
      },
    },
    census: {
      every: 5,
      step({ current }) {
        current.meanTemperature[0] = meanOver(current.temperature);
      },
    },
  },
  eras: {
    formation: {
      dtSeconds: 6 * HOUR_SECONDS,
      strata: { weather: 'gated', plates: { every: 10 } },
      next: [{ to: 'stable', when: ({ signals }) => signals.meanTemperature[0]! < 400 }],
    },
    stable: { dtSeconds: HOUR_SECONDS, strata: { plates: { every: 50 } } },
  },
  fields: {
    'atmosphere.temperature': {
      unit: 'K',
      topology: { kind: 'sphere', rows: ROWS, columns: COLUMNS },
      reconstruction: 'linear',
      from: 'temperature',
    },
    'plates.velocity': {
      unit: 'cm/a',
      topology: { kind: 'sphere', rows: ROWS, columns: COLUMNS },
      shape: [2],
      reconstruction: 'linear',
      from: 'plates.velocity',
    },
  },
});
