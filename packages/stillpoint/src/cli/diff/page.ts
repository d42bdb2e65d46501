// What the parts of a printed diff have in common: signs, colours, and lines that fit the width.
import { plainText } from '../../output/plain-text.ts';
import { shorten, type Style } from '../../output/style.ts';

type Paint = (text: string) => string;

export interface Page {
  readonly style: Style;
  readonly width: number;
  /** Indented, made plain, shortened to the width, then painted. */
  readonly line: (indent: number, text: string, paint?: Paint) => string;
}

interface Sign {
  readonly sign: string;
  /** As `git status` has it. */
  readonly letter: string;
  readonly paint: (style: Style) => Paint;
}

export const SIGNS: Readonly<Record<'added' | 'removed' | 'changed', Sign>> = {
  added: { sign: '+', letter: 'A', paint: (style) => style.green },
  removed: { sign: '-', letter: 'D', paint: (style) => style.red },
  changed: { sign: '~', letter: 'M', paint: (style) => style.yellow },
};

/** Narrower than this nothing can be told. */
const NARROWEST = 30;

export function createLine(width: number): Page['line'] {
  const most = Math.max(NARROWEST, width);
  return (indent, text, paint = (plain) => plain) =>
    `${' '.repeat(indent)}${paint(shorten(plainText(text), most - indent))}`;
}

/** '1 added, 2 removed'; '' if there is none. */
export function countsText(counts: {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}): string {
  return (['added', 'removed', 'changed'] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(', ');
}
