// Worlds for tests, made from a seed: every feature of a definition is in many of them, in ever other mixtures. Their steps are such
// that what is lost or drawn once more shows: maps that spread a difference instead of forgetting it.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { det } from '../../math/index.ts';
import { defineWorld } from '../define.ts';
import type { World } from '../contract.ts';
import { coverageOf, type WorldCoverage } from './coverage.ts';
import { chooser, type Choose } from './choose.ts';
import { entityLines, heartLines, initLines, signalLines, type Written } from './step-text.ts';

export interface RandomWorld {
  readonly seed: number;
  /** The text of a `world.ts`. */
  readonly source: string;
  /** What that text defines. */
  readonly world: World;
  readonly coverage: WorldCoverage;
}

/** The same world for the same seed, on every machine. Not a promise across versions: a failure is told with its text. */
export function randomWorld(seed: number): RandomWorld {
  const source = textOf(seed);
  const world = evaluated(source);
  return { seed, source, world, coverage: coverageOf(world, source) };
}

/** Writes it as `directory/world.ts`, as a user would have it. */
export async function writeRandomWorld(seed: number, directory: string): Promise<RandomWorld> {
  const made = randomWorld(seed);
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'world.ts'), made.source);
  return made;
}

function evaluated(source: string): World {
  const body = source.replace(/^import .*$/m, '').replace('export default', 'return');
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is ours, and has to be the same as the file's
  const make = new Function('defineWorld', 'det', body) as (...given: readonly unknown[]) => World;
  return make(defineWorld, det);
}

const floats = ['f64', 'f32'] as const;
const integers = ['i32', 'u32', 'i16', 'u16', 'i8', 'u8'] as const;
const shapes = [[], [3], [17], [2, 5], [64], [4, 3, 2]] as const;
const signalNames = ['heat', 'atmosphere.wetness', 'höhe', 'flux', '压力', 'salt.upper', 'mood'];
const entityNames = ['particle', 'ship', 'tree.old'];
const memberNames = ['position', 'mass', 'größe', 'kind'];
const stratumNames = ['weather', 'rock', 'life.slow', 'sea', 'ice'];

function textOf(seed: number): string {
  const choose = chooser(seed);
  const signals = signalsOf(choose);
  const entities = entitiesOf(choose);
  const strata = strataOf(choose, signals, entities);
  const definition = [
    `name: "random-${seed}",`,
    `parameters: { rate: { value: ${choose.between(1, 9) / 10}, minimum: 0, maximum: 1 }, "wind.speed": { value: ${choose.between(-40, 40)}, unit: "m/s" } },`,
    `signals: ${objectText([['pulse', "{ dtype: 'i32' }"], ...signals.map((one) => [one.name, arrayText(one)] as const)])},`,
    ...entitiesText(entities),
    ...initLines(signals, entities),
    `strata: ${objectText(strata)},`,
    ...erasText(
      choose,
      strata.map(([name]) => name),
    ),
    ...fieldsText(signals),
  ];
  return `import { defineWorld, det } from '@stillpoint/sim';\n\nexport default defineWorld({\n${definition
    .map((line) => `  ${line}`)
    .join('\n')}\n});\n`;
}

function signalsOf(choose: Choose): readonly Written[] {
  const names = choose.some(signalNames, 2, 6);
  const signals: Written[] = names.map((name) => ({
    name,
    dtype: choose.chance(0.6) ? choose.one(floats) : choose.one(integers),
    shape: choose.one(shapes),
  }));
  if (choose.chance(0.6))
    signals.push({ name: 'rotation', dtype: choose.one(floats), shape: [3, 3] });
  return signals;
}

export interface WrittenEntity {
  readonly name: string;
  readonly capacity: number;
  readonly members: readonly Written[];
}

function entitiesOf(choose: Choose): readonly WrittenEntity[] {
  if (choose.chance(0.15)) return [];
  return choose.some(entityNames, 1, 2).map((name) => ({
    name,
    capacity: choose.between(1, 40),
    members: choose.some(memberNames, 1, 4).map((member) => ({
      name: member,
      dtype: choose.chance(0.7) ? choose.one(floats) : choose.one(integers),
      shape: choose.one([[], [2], [3], [2, 2]] as const),
    })),
  }));
}

/** Each array has one stratum that owns it; others may stir it, unless it is rewritten. */
function strataOf(
  choose: Choose,
  signals: readonly Written[],
  entities: readonly WrittenEntity[],
): readonly (readonly [name: string, text: string])[] {
  const names = choose.some(stratumNames, 1, 4);
  const steps = new Map(names.map((name) => [name, { rewrites: [] as string[], lines: [''] }]));
  const rewritten = new Set<string>();
  for (const signal of signals) {
    const step = steps.get(choose.one(names))!;
    step.lines.push(...signalLines(choose, signal, signals, 'assign'));
    if (!choose.chance(0.4)) continue;
    step.rewrites.push(signal.name);
    rewritten.add(signal.name);
  }
  for (const signal of signals)
    if (!rewritten.has(signal.name) && choose.chance(0.3))
      steps.get(choose.one(names))!.lines.push(...signalLines(choose, signal, signals, 'stir'));
  for (const entity of entities) {
    const step = steps.get(choose.one(names))!;
    step.lines.push(...entityLines(choose, entity, signals));
    for (const member of entity.members)
      if (choose.chance(0.2)) step.rewrites.push(`${entity.name}.${member.name}`);
  }
  return [
    // It beats in every tick, and its pulse turns the eras.
    ['heart', `{ step(w) { ${heartLines} } }`] as const,
    ...[...steps].map(([name, { rewrites, lines }]) => {
      const every = choose.chance(0.4) ? `every: ${choose.between(2, 5)}, ` : '';
      const declared = rewrites.length > 0 ? `rewrites: ${JSON.stringify(rewrites)}, ` : '';
      const body = lines.map((line) => `      ${line}`).join('\n');
      return [name, `{ ${every}${declared}step(w) {${body}\n    } }`] as const;
    }),
  ];
}

function entitiesText(entities: readonly WrittenEntity[]): readonly string[] {
  if (entities.length === 0) return [];
  const texts = entities.map(({ name, capacity, members }) => {
    const inside = objectText(members.map((member) => [member.name, arrayText(member)]));
    return [name, `{ capacity: ${capacity}, members: ${inside} }`] as const;
  });
  return [`entities: ${objectText(texts)},`];
}

/** A ring of eras: the pulse rises through all but the last, and falls in that. */
function erasText(choose: Choose, strata: readonly string[]): readonly string[] {
  if (choose.chance(0.15)) return [];
  const rising = choose.between(1, 3);
  const names = [...Array.from({ length: rising }, (_, index) => `era ${index}`), 'falling'];
  const eras = names.map((name, index) => {
    const cadences = strata
      .filter((stratum) => stratum !== 'heart' && choose.chance(0.6))
      .map((stratum) => {
        const cadence = choose.one(['"active"', '"gated"', `{ every: ${choose.between(1, 4)} }`]);
        return [stratum, cadence] as const;
      });
    const to = JSON.stringify(names[index + 1] ?? names[0]);
    const when = index === rising ? 'pulse[0] < 500' : `pulse[0] > ${3000 * (index + 1)}`;
    // One that is never taken, before the one that is.
    const never = choose.chance(0.3)
      ? `{ to: "era 0", name: "never", when: (w) => w.tick < 0 }, `
      : '';
    const next = `[${never}{ to: ${to}, when: (w) => w.signals.${when} }]`;
    const dt = choose.one(['0.25', '1', '3600', '1e-3']);
    const text = `{ dtSeconds: ${dt}, strata: ${objectText(cadences)}, next: ${next} }`;
    return [name, text] as const;
  });
  return [`eras: ${objectText(eras)},`];
}

function fieldsText(signals: readonly Written[]): readonly string[] {
  const shown = signals.find(({ shape }) => shape.length === 2);
  if (shown === undefined) return [];
  const [rows, columns] = shown.shape;
  const topology = `{ kind: "grid", rows: ${rows}, columns: ${columns} }`;
  return [`fields: { shown: { topology: ${topology}, from: ${JSON.stringify(shown.name)} } },`];
}

function arrayText({ dtype, shape }: Written): string {
  return `{ dtype: "${dtype}", shape: ${JSON.stringify(shape)} }`;
}

function objectText(entries: readonly (readonly [name: string, text: string])[]): string {
  const inside = entries.map(([name, text]) => `\n    ${JSON.stringify(name)}: ${text},`).join('');
  return inside === '' ? '{}' : `{${inside}\n  }`;
}
