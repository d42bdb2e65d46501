// Colours and weights of a terminal. Off, every function gives its argument back.

export interface Style {
  readonly enabled: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export function createStyle(enabled: boolean): Style {
  const wrap = (open: number, close: number) => (text: string) =>
    enabled && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    enabled,
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    cyan: wrap(36, 39),
  };
}

/** Columns that a text takes: without escape sequences, wide characters counted twice. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  // eslint-disable-next-line no-control-regex -- the escape character is what this looks for
  for (const { segment } of segments.segment(text.replaceAll(/\u001b\[[0-9;]*m/g, ''))) {
    width += wide.test(segment) ? 2 : 1;
  }
  return width;
}

/** Most of what is shown; taking a text apart costs a hundred times as much. */
const plain = /^[\x20-\x7e]*$/;
const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Breaks at spaces into lines of at most `columns`; a longer word stays whole. For plain text only. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = `${last} ${word}`;
    if (last === undefined || widthOf(longer) > columns) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** Shortens to `columns`, with an ellipsis. For plain text only: style it afterwards. */
export function shorten(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  for (const { segment } of segments.segment(text)) {
    if (widthOf(kept + segment) > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
