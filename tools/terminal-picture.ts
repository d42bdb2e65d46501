// A terminal's lines as an SVG that stays sharp at any size. Lines appear in the order and (faster) at the pace in which they
// were written, and then stay: where animation is off, the picture is simply complete.
import { widthOf } from '../packages/stillpoint/src/output/style.ts';

export interface WrittenLine {
  readonly text: string;
  /** Since the beginning. */
  readonly atMs: number;
}

const COLUMN = 7.8;
const ROW = 18;
const MARGIN = 18;
const BAR = 30;
/** The pace of a long wait: the reader's time is worth more than the truth about ours. */
const LONGEST_PAUSE_MS = 900;

const colours: Readonly<Record<string, string>> = {
  '31': '#f0736a',
  '32': '#7fc77f',
  '33': '#e5c07b',
  '36': '#6fb8d8',
};

export function terminalPicture(title: string, lines: readonly WrittenLine[]): string {
  const columns = Math.max(...lines.map((line) => widthOf(line.text)));
  const width = Math.ceil(columns * COLUMN + 2 * MARGIN);
  const height = BAR + lines.length * ROW + 2 * MARGIN;
  const delays = paced(lines);
  const rows = lines.map((line, index) => {
    const y = BAR + MARGIN + (index + 0.75) * ROW;
    const delay = ((delays[index] ?? 0) / 1000).toFixed(2);
    return `<text x="${MARGIN}" y="${y.toFixed(1)}" style="animation-delay:${delay}s">${spans(line.text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;fill:#d7dae0;white-space:pre;animation:show .01s both}
@keyframes show{from{opacity:0}to{opacity:1}}
@media (prefers-reduced-motion:reduce){text{animation:none}}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#1b1e24"/>
<circle cx="18" cy="16" r="5" fill="#f0736a"/><circle cx="36" cy="16" r="5" fill="#e5c07b"/><circle cx="54" cy="16" r="5" fill="#7fc77f"/>
<text x="${width / 2}" y="20" text-anchor="middle" style="fill:#8a919e;animation:none">${escape(title)}</text>
${rows.join('\n')}
</svg>
`;
}

function paced(lines: readonly WrittenLine[]): readonly number[] {
  let now = 0;
  let previousMs = 0;
  return lines.map((line) => {
    now += Math.min(LONGEST_PAUSE_MS, line.atMs - previousMs);
    previousMs = line.atMs;
    return now;
  });
}

/** Escape sequences become spans; each run of text says its width, so that no font breaks the table. */
function spans(line: string): string {
  let bold = false;
  let dim = false;
  let colour = '';
  let column = 0;
  let result = '';
  // eslint-disable-next-line no-control-regex -- the escape character is what this looks for
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    // eslint-disable-next-line no-control-regex
    const code = /^\u001b\[(\d+)m$/.exec(part)?.[1];
    if (code === undefined) {
      // Columns of a table are placed one by one: not every viewer keeps runs of spaces.
      for (const piece of part.split(/( {2,})/)) {
        result += run(piece, { bold, dim, colour, column });
        column += widthOf(piece);
      }
    } else if (code === '1') bold = true;
    else if (code === '2') dim = true;
    else if (code === '22') bold = dim = false;
    else colour = colours[code] ?? '';
  }
  return result;
}

interface Look {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly colour: string;
  readonly column: number;
}

function run(text: string, look: Look): string {
  if (text.trim() === '') return '';
  const lead = text.length - text.trimStart().length;
  const shown = text.trim();
  const x = (MARGIN + (look.column + lead) * COLUMN).toFixed(1);
  const style = [
    look.colour === '' ? '' : ` fill="${look.colour}"`,
    look.colour === '' && look.dim ? ' fill="#8a919e"' : '',
    look.bold ? ' font-weight="bold"' : '',
  ].join('');
  const fill =
    look.colour === '' && !look.dim ? '' : style.replace(/fill="([^"]+)"/, 'style="fill:$1"');
  const length = (widthOf(shown) * COLUMN).toFixed(1);
  return `<tspan x="${x}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${fill === '' ? style : fill}>${escape(shown)}</tspan>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
