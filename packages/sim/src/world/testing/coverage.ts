// What of a definition's features a random world has, so that a test over many can say what it has covered, and fail if it is too little.
import type { World } from '../contract.ts';

const features = [
  'eras with transitions',
  'one era only',
  'transitions that are never taken',
  'gated strata',
  'strata every n',
  'cadences of an era',
  'rewritten signals',
  'rewritten members',
  'entities',
  'births',
  'deaths',
  'members that are matrices',
  'scalars',
  'vectors',
  'matrices',
  'grids of three dimensions',
  'dtype f64',
  'dtype f32',
  'dtype i32',
  'dtype u32',
  'dtype i16',
  'dtype u16',
  'dtype i8',
  'dtype u8',
  'random float',
  'random normal',
  'random below',
  'random uint32',
  'parameters',
  'fields',
] as const;
export type Feature = (typeof features)[number];
export type WorldCoverage = ReadonlySet<Feature>;

export function coverageOf({ ir }: World, source: string): WorldCoverage {
  const members = ir.entities.flatMap((entity) => entity.members);
  const arrays = [...ir.signals, ...members];
  const rewrites = ir.strata.flatMap((stratum) => stratum.rewrites);
  const cadences = ir.eras.flatMap((era) => Object.values(era.strata));
  const dimensions = (count: number): boolean =>
    ir.signals.some((one) => one.shape.length === count);
  // In a step: `init` draws and gives birth in all of them.
  const steps = source.slice(source.indexOf('strata:'));
  const has: Readonly<Record<string, boolean>> = {
    'eras with transitions': ir.eras.length > 1,
    'one era only': ir.eras.length === 1,
    'transitions that are never taken': ir.eras.some((era) => era.next.length > 1),
    'gated strata': cadences.includes('gated'),
    'strata every n': ir.strata.some((stratum) => stratum.every > 1),
    'cadences of an era': cadences.some((cadence) => typeof cadence === 'object'),
    'rewritten signals': rewrites.some((name) => ir.signals.some((one) => one.name === name)),
    'rewritten members': rewrites.some((name) => !ir.signals.some((one) => one.name === name)),
    entities: ir.entities.length > 0,
    births: steps.includes('.born('),
    deaths: steps.includes('.dies('),
    'members that are matrices': members.some((member) => member.shape.length === 2),
    scalars: dimensions(0),
    vectors: dimensions(1),
    matrices: dimensions(2),
    'grids of three dimensions': dimensions(3),
    'random float': steps.includes('random.float'),
    'random normal': steps.includes('random.normal'),
    'random below': steps.includes('random.below'),
    'random uint32': steps.includes('random.uint32'),
    parameters: steps.includes('w.parameters'),
    fields: ir.fields.length > 0,
    ...Object.fromEntries(arrays.map((one) => [`dtype ${one.dtype}`, true])),
  };
  return new Set(features.filter((feature) => has[feature] === true));
}

/** How many of the worlds have each feature, one a line; and what none of them has. */
export function coverageText(worlds: readonly WorldCoverage[]): string {
  const lines = features.map((feature) => {
    const count = worlds.filter((world) => world.has(feature)).length;
    return `${String(count).padStart(5)} of ${worlds.length}  ${feature}`;
  });
  return lines.join('\n');
}

export function uncovered(worlds: readonly WorldCoverage[]): readonly Feature[] {
  return features.filter((feature) => !worlds.some((world) => world.has(feature)));
}
