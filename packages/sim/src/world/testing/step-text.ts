// The text of steps of random worlds. Values stay in [0, 1) or wrap around. Every element follows from its own value before by a map
// that loses no bit: a whole number times an odd one, or the fraction of 65,537 x, where two neighbours stay two, 65,537 times as far
// apart. A step reads `previous` only, and of `current` what nobody rewrites: that is the law of worlds.
import type { DType } from '../../state/contract.ts';
import type { Choose } from './choose.ts';
import type { WrittenEntity } from './random-world.ts';

export interface Written {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export const heartLines =
  'const p = w.previous.pulse[0]; w.current.pulse[0] = w.era === "falling" ? p - 600 - w.random.below(100) : p + 300 + w.random.below(200);';

function isFloat(array: Written): boolean {
  return array.dtype === 'f64' || array.dtype === 'f32';
}

/** Numbers that a float map or an integer map may be disturbed by. */
function noise(choose: Choose, float: boolean): string {
  const none = choose.chance(0.3);
  if (float)
    return none
      ? '0.125'
      : choose.one([
          'w.random.float()',
          '0.01 * w.random.normal()',
          'w.random.below(7) / 7',
          'w.parameters.rate * w.random.float()',
        ]);
  return none ? 'w.tick' : choose.one(['w.random.uint32()', 'w.random.below(1000)']);
}

/** `assign` gives every element a new value; `stir` changes what is there already. */
export function signalLines(
  choose: Choose,
  signal: Written,
  signals: readonly Written[],
  how: 'assign' | 'stir',
): readonly string[] {
  const name = JSON.stringify(signal.name);
  const other = JSON.stringify(choose.one(signals).name);
  const from = how === 'assign' ? 'was' : 'now';
  const opening = `{ const now = w.current[${name}], was = w.previous[${name}], other = w.previous[${other}];`;
  if (how === 'assign' && signal.name === 'rotation')
    return [
      opening,
      `  for (let r = 0; r < 3; r += 1) for (let c = 0; c < 3; c += 1) { let x = (65537 * was[3 * r + c]) % 1 + ${noise(choose, true)} + 0.1 * det.sin(other[0]);`,
      `    for (let k = 0; k < 3; k += 1) x += 1.7 * was[3 * r + k] * was[3 * k + c]; now[3 * r + c] = x - Math.floor(x); } }`,
    ];
  const loop = '  for (let i = 0; i < now.length; i += 1)';
  if (!isFloat(signal))
    return [
      opening,
      `${loop} now[i] = Math.imul(${from}[i], 0x9e3779b1) + ${noise(choose, false)} + other.length; }`,
    ];
  const curve = choose.one(['sin', 'cos', 'tanh', 'atan'] as const);
  return [
    opening,
    `${loop} { const x = (65537 * ${from}[i]) % 1 + 0.3 * was[(i + 1) % was.length] + det.${curve}(other[i % other.length] + w.parameters["wind.speed"] * w.dtSeconds) + ${noise(choose, true)}; now[i] = x - Math.floor(x); } }`,
  ];
}

/** Moves all instances, lets some die and others be born. Only this one stratum does, so that the capacity is never exceeded. */
export function entityLines(
  choose: Choose,
  { name, capacity, members }: WrittenEntity,
  signals: readonly Written[],
): readonly string[] {
  const lines = [`{ const e = w.entities[${JSON.stringify(name)}];`];
  const field = JSON.stringify(choose.one(signals).name);
  for (const member of members) {
    const key = JSON.stringify(member.name);
    const size = sizeOf(member);
    const value = isFloat(member)
      ? `const x = (65537 * was[i]) % 1 + det.sin(e.ids[Math.floor(i / ${size})]) + 0.1 * det.cos(w.previous[${field}][0]) + ${noise(choose, true)}; now[i] = x - Math.floor(x);`
      : `now[i] = Math.imul(was[i], 0x85ebca6b) + ${noise(choose, false)} + e.ids[Math.floor(i / ${size})];`;
    lines.push(
      `  { const now = e.current[${key}], was = e.previous[${key}]; for (let i = 0; i < e.count * ${size}; i += 1) { ${value} } }`,
    );
  }
  if (choose.chance(0.8))
    lines.push(
      `  for (let i = 0; i < e.count; i += 1) if (w.random.float() < ${choose.one(['0.02', '0.1', '0.3'])}) e.dies(i);`,
    );
  if (choose.chance(0.9))
    lines.push(
      `  for (let room = Math.min(${capacity} - e.count, ${choose.between(1, 4)}); room > 0; room -= 1) if (w.random.float() < w.parameters.rate) e.born(${bornText(members)});`,
    );
  return [...lines, '}'];
}

function bornText(members: readonly Written[]): string {
  const values = members.slice(0, 2).map((member) => {
    const one = isFloat(member) ? 'w.random.float()' : 'w.random.below(100)';
    const size = sizeOf(member);
    const value = size === 1 ? one : `[${Array.from({ length: size }, () => one).join(', ')}]`;
    return `${JSON.stringify(member.name)}: ${value}`;
  });
  return `{ ${values.join(', ')} }`;
}

export function initLines(
  signals: readonly Written[],
  entities: readonly WrittenEntity[],
): readonly string[] {
  return [
    'init(w) {',
    ...signals.map((signal) => {
      const value = isFloat(signal) ? 'w.random.float()' : 'w.random.uint32()';
      const array = `w.current[${JSON.stringify(signal.name)}]`;
      return `  for (let i = 0; i < ${array}.length; i += 1) ${array}[i] = ${value};`;
    }),
    ...entities.map(
      ({ name, capacity, members }) =>
        `  for (let n = 0; n < ${Math.ceil(capacity / 2)}; n += 1) w.entities[${JSON.stringify(name)}].born(${bornText(members)});`,
    ),
    '},',
  ];
}

function sizeOf({ shape }: Written): number {
  return shape.reduce((product, size) => product * size, 1);
}
