// Runs of simulations of a diff in words: what the newest checkpoints have of the world, and which of its arrays changed by how much.
import type { ArrayChange, FactChange, RunDiff } from '@stillpoint/engine';
import { shorten } from '../../output/style.ts';
import { numberText } from '../checkpoint/numbers-text.ts';
import { SIGNS, type Page } from './page.ts';

/** Of facts, and of arrays; JSON has all. */
const SHOWN = 12;
/** The state that the next tick reads; beside signals it has what follows from the tick, as the clock. */
const SIGNAL = /^current\/(?!@)/;
/** Digests and JSON of a loop's own. */
const VALUE_COLUMNS = 24;

export function runLines({ run, tick, changes }: RunDiff, page: Page): readonly string[] {
  // What was not looked into is told with what else was not.
  if (changes === null) return [];
  const { facts, arrays, equalArrays } = changes;
  const { style, line } = page;
  const at = tick.from === tick.to ? `tick ${tick.to}` : `tick ${tick.from} → ${tick.to}`;
  const equal = equalArrays === 0 ? '' : `, ${equalArrays} equal`;
  return [
    line(2, `run ${run}: ${at}, ${differText(arrays.length)}${equal}`),
    ...facts.slice(0, SHOWN).map((fact) => line(4, factText(fact), style.yellow)),
    ...moreLines(facts.length - SHOWN, page),
    ...arrayLines(arrays, page),
  ];
}

/** The signals alone, where there are any: what else a checkpoint has of them says the same again. */
function arrayLines(arrays: readonly ArrayChange[], page: Page): readonly string[] {
  const { style, line } = page;
  const signals = arrays.filter(({ name }) => SIGNAL.test(name));
  const shown = (signals.length === 0 ? arrays : signals).slice(0, SHOWN);
  return [
    ...shown.map((array) => {
      const { sign, paint } = SIGNS[array.state];
      const name = array.name.replace(SIGNAL, '');
      return line(4, `${sign} ${name}${valuesText(array)}`, paint(style));
    }),
    ...moreLines(arrays.length - shown.length, page),
  ];
}

function moreLines(count: number, { style, line }: Page): readonly string[] {
  return count > 0 ? [line(4, `and ${count} more; --json has them`, style.dim)] : [];
}

function differText(count: number): string {
  return count === 1 ? 'one array differs' : `${count} arrays differ`;
}

function factText({ name, from, to }: FactChange): string {
  const { sign } = SIGNS[from === null ? 'added' : to === null ? 'removed' : 'changed'];
  if (from === null || to === null) return `${sign} ${name}: ${valueText(from ?? to ?? '')}`;
  return `${sign} ${name}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: string | number): string {
  return shorten(String(value), VALUE_COLUMNS);
}

function valuesText({ layout, values }: ArrayChange): string {
  if (layout !== null) return `: ${layout.from} → ${layout.to}`;
  if (values === null) return '';
  const { differing, elements, maxAbsolute, maxRelative } = values;
  const most =
    maxAbsolute === null
      ? ''
      : `, at most by ${numberText(maxAbsolute)} (relative ${numberText(maxRelative)})`;
  return `: ${differing} of ${elements}${most}`;
}
