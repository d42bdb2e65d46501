// Colour maps as tables of 256 steps, and the few colours that everything else is drawn in.
import {
  interpolateCividis,
  interpolateInferno,
  interpolateMagma,
  interpolatePlasma,
  interpolatePuOr,
  interpolateRdBu,
  interpolateViridis,
} from 'd3-scale-chromatic';
import type { ColourMapName } from '../contract.ts';

export const STEPS = 256;

/** What has no value. Neither map of two ends has it, nor has it a hue that would say something. */
export const MISSING = [176, 176, 176] as const;
export const PAPER = '#ffffff';
export const INK = '#1a1a1a';
export const FAINT_INK = '#5c5c5c';

/** How light the lines of a map are over its colours. */
export const LINES_LIGHT = 0.38;

/** Lines of a series: Okabe and Ito's, which nearly everybody tells apart; the darkest first. */
export const LINES = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#000000',
] as const;

const maps: Readonly<Record<ColourMapName, (share: number) => string>> = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  magma: interpolateMagma,
  inferno: interpolateInferno,
  plasma: interpolatePlasma,
  // Red is warm, and more.
  rdbu: (share) => interpolateRdBu(1 - share),
  puor: (share) => interpolatePuOr(1 - share),
};

export function isDiverging(name: ColourMapName): boolean {
  return name === 'rdbu' || name === 'puor';
}

/** Red, green and blue of each step. */
export function tableOf(name: ColourMapName): Uint8Array {
  const table = new Uint8Array(STEPS * 3);
  for (let step = 0; step < STEPS; step += 1)
    table.set(partsOf(maps[name](step / (STEPS - 1))), step * 3);
  return table;
}

function partsOf(colour: string): readonly number[] {
  if (colour.startsWith('#'))
    return [1, 3, 5].map((from) => Number.parseInt(colour.slice(from, from + 2), 16));
  return (colour.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

export function cssOf([red = 0, green = 0, blue = 0]: ArrayLike<number> &
  Iterable<number>): string {
  return `rgb(${red},${green},${blue})`;
}
