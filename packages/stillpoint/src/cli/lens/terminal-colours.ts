// Colours of a terminal: 16 million where it says that it has them, else the nearest of 256.
import type { Style } from '../../output/style.ts';

type Colour = ArrayLike<number>;

export interface Paint {
  one(sign: string, colour: Colour): string;
  /** The upper half and the lower half of one character; undefined: nothing. Colours stay on until `end`. */
  two(upper: Colour | undefined, lower: Colour | undefined): string;
  readonly end: string;
}

/** Undefined: no colours are wanted. */
export function paintsOf(
  environment: Readonly<Record<string, string | undefined>>,
  { enabled }: Style,
): Paint | undefined {
  if (!enabled) return undefined;
  const isTrue =
    /^(truecolor|24bit)$/i.test(environment['COLORTERM'] ?? '') ||
    (environment['TERM'] ?? '').endsWith('-direct');
  const code = isTrue
    ? ([red, green, blue]: readonly number[]): string => `2;${red};${green};${blue}`
    : (colour: readonly number[]): string => `5;${nearestOf256(colour)}`;
  const front = (colour: Colour): string => `\u001b[38;${code(Array.from(colour))}m`;
  const ground = (colour: Colour): string => `\u001b[48;${code(Array.from(colour))}m`;
  const off = '\u001b[39;49m';
  return {
    one: (sign, colour) => `${front(colour)}${sign}\u001b[39m`,
    two(upper, lower) {
      if (upper === undefined && lower === undefined) return `${off} `;
      if (upper === undefined) return `${off}${front(lower!)}▄`;
      if (lower === undefined) return `${off}${front(upper)}▀`;
      return `${front(upper)}${ground(lower)}▀`;
    },
    end: off,
  };
}

const LEVELS = [0, 95, 135, 175, 215, 255] as const;

/** A cube of 6 by 6 by 6, and 24 greys. */
function nearestOf256([red = 0, green = 0, blue = 0]: readonly number[]): number {
  const cube = [red, green, blue].map(nearestLevel) as [number, number, number];
  const grey = Math.min(23, Math.max(0, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const greyLevel = 8 + grey * 10;
  const ofCube = cube.map((level) => LEVELS[level]!);
  const away = (one: readonly number[]): number =>
    (one[0]! - red) ** 2 + (one[1]! - green) ** 2 + (one[2]! - blue) ** 2;
  return away([greyLevel, greyLevel, greyLevel]) < away(ofCube)
    ? 232 + grey
    : 16 + 36 * cube[0] + 6 * cube[1] + cube[2];
}

function nearestLevel(part: number): number {
  let best = 0;
  for (const [at, level] of LEVELS.entries())
    if (Math.abs(level - part) < Math.abs(LEVELS[best]! - part)) best = at;
  return best;
}
