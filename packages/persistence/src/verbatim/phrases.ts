// Keys inside a longer text: words, and the runs of words that may be a key.
import { fold } from './fold.ts';

/** Longer keys are found by the whole text, not inside of another. */
export const PHRASE_TOKENS = 16;

/** Scripts without spaces between words: there each character may begin a word. */
const UNSPACED =
  '[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmr}\\p{scx=Mymr}]';
const TOKEN = new RegExp(
  `(?<unspaced>(?=[\\p{L}\\p{N}])${UNSPACED}\\p{M}*)|(?<word>(?:(?!${UNSPACED})[\\p{L}\\p{N}\\p{Co}]\\p{M}*)+)|\\S`,
  'gu',
);
/** A word may begin or end beside these. Not `-`, `+`, `#`, `/`, `_` and the like: they make another word of it. */
const OPEN = /^[\p{Ps}\p{Pe}\p{Pi}\p{Pf}"'`,;:.!?…–—¿¡、。]$/u;
/** These bind two words if nothing is between: 10.5, 12:30, example.com. */
const BINDING = /^[.:,]$/;

/** As it stands in the index, for a key: its tokens with a space between. Undefined: too long to be looked for inside of a text. */
export function phraseOf(key: string): string | undefined {
  const { tokens } = tokensOf(key);
  return tokens.length > PHRASE_TOKENS ? undefined : tokens.join(' ');
}

export interface Run {
  readonly phrase: string;
  /** Tokens from, up to and without. */
  readonly from: number;
  readonly to: number;
}

/** Every run of at most `longest` tokens that begins and ends where a word does. */
export function runsOf(text: string, longest: number = PHRASE_TOKENS): readonly Run[] {
  const { tokens, starts, ends } = tokensOf(text);
  const runs: Run[] = [];
  for (let from = 0; from < tokens.length; from += 1) {
    if (starts[from] !== true) continue;
    let phrase = '';
    for (let to = from + 1; to <= Math.min(tokens.length, from + longest); to += 1) {
      phrase += (phrase === '' ? '' : ' ') + (tokens[to - 1] ?? '');
      if (ends[to - 1] === true) runs.push({ phrase, from, to });
    }
  }
  return runs;
}

export function countTokens(text: string): number {
  return tokensOf(text).tokens.length;
}

interface Tokens {
  readonly tokens: readonly string[];
  /** Whether a key may begin with, and end with, the token at this place. */
  readonly starts: readonly boolean[];
  readonly ends: readonly boolean[];
}

function tokensOf(text: string): Tokens {
  const found = [...fold(text).matchAll(TOKEN)];
  const free = found.map(
    ({ 0: token, groups }) => groups?.['unspaced'] !== undefined || OPEN.test(token),
  );
  /** Nothing is between it and the token before, and neither is a bracket, quote or mark of a sentence: `c` and `+` in "c++". */
  const bound = (at: number): boolean => {
    const [left, right] = [found[at - 1], found[at]];
    if (left === undefined || right === undefined) return false;
    if (left.index + left[0].length !== right.index) return false;
    return binds(found, at - 1) || binds(found, at) || (free[at - 1] !== true && free[at] !== true);
  };
  const attached = found.map((_, at) => bound(at));
  return {
    tokens: found.map(([token]) => token),
    starts: found.map((_, at) => attached[at] !== true),
    ends: found.map((_, at) => attached[at + 1] !== true),
  };
}

/** A point or colon with a word on both sides, without a gap. */
function binds(found: readonly RegExpExecArray[], at: number): boolean {
  const [left, mark, right] = [found[at - 1], found[at], found[at + 1]];
  if (left === undefined || mark === undefined || right === undefined) return false;
  return (
    BINDING.test(mark[0]) &&
    left.groups?.['word'] !== undefined &&
    right.groups?.['word'] !== undefined &&
    left.index + left[0].length === mark.index &&
    mark.index + 1 === right.index
  );
}
