// An examination in lines: grouped, each with a sign that also reads without colours, and what to do below it.
import { AREAS, type DoctorReport, type Finding, type Level } from '@stillpoint/engine';
import { widthOf, wrap, type Style } from '../output/style.ts';
import { agoText, countText } from '../output/units.ts';

export interface ReportOptions {
  readonly style: Style;
  readonly now: Date;
  /** Longer lines are broken below where their text begins. */
  readonly width: number;
}

const signs: Readonly<Record<Level, string>> = {
  ok: 'ok',
  info: 'note',
  warn: 'warn',
  fail: 'FAIL',
};
const signWidth = 4;
const widestAbout = 24;
const narrowest = 30;

export function reportLines(
  { findings, failed, warned }: DoctorReport,
  options: ReportOptions,
): readonly string[] {
  const { style } = options;
  const widest = Math.max(0, ...findings.map(({ about }) => widthOf(oneLine(about))));
  const width = Math.min(widest, widestAbout);
  const lines = AREAS.flatMap((area) => {
    const own = findings.filter((one) => one.area === area);
    if (own.length === 0) return [];
    return [style.bold(area), ...own.flatMap((one) => linesOf(one, width, options)), ''];
  });
  const good = failed === 0 ? style.green : style.red;
  const counted = `${countText(failed, 'problem')}, ${countText(warned, 'warning')}`;
  return [...lines, good(failed + warned === 0 ? 'Everything is well.' : `${counted}.`)];
}

function linesOf(
  { about, level, what, fix, at }: Finding,
  widthOfNames: number,
  { style, now, width }: ReportOptions,
): readonly string[] {
  const sign = paintOf(level, style)(signs[level].padEnd(signWidth));
  const name = oneLine(about);
  const gap = ' '.repeat(Math.max(0, widthOfNames - widthOf(name)));
  const age = at === undefined ? '' : `, ${agoText(new Date(at), now)}`;
  const text = oneLine(age === '' ? what : `${what.replace(/\.$/, '')}${age}`);
  const indent = signWidth + widthOfNames + 6;
  const block = (words: string, paint: (line: string) => string): readonly string[] =>
    wrap(words, Math.max(narrowest, width - indent)).map(
      (line) => `${' '.repeat(indent)}${paint(line)}`,
    );
  const said = block(text, level === 'ok' ? style.dim : (line) => line);
  const first = `  ${sign}  ${name}${gap}  ${said[0]?.slice(indent) ?? ''}`;
  return [
    first,
    ...said.slice(1),
    ...(fix === undefined || fix === '' ? [] : block(oneLine(fix), style.cyan)),
  ];
}

function paintOf(level: Level, style: Style): (text: string) => string {
  const paints = { ok: style.green, info: style.cyan, warn: style.yellow, fail: style.red };
  return paints[level];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\n\r]+\s*/g, ' ').replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?');
}
