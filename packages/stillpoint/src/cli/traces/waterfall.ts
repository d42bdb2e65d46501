// A trace as a waterfall: a line for each span, its name below its parent's, and a bar for when it ran. Fits any width.
import type { Trace, TraceNode } from '@stillpoint/persistence';
import { plainText } from '../../output/plain-text.ts';
import { shorten, widthOf, type Style } from '../../output/style.ts';
import { countText } from '../../output/units.ts';
import type { Signs } from './signs.ts';

export interface WaterfallOptions {
  readonly width: number;
  readonly style: Style;
  readonly signs: Signs;
}

const GAP = '  ';
/** Longer lines are hard to follow with the eye. */
const WIDEST = 160;
const NARROWEST_BAR = 10;

interface Layout {
  readonly names: number;
  /** 0: there is no place for bars. */
  readonly bars: number;
  readonly durations: number;
  readonly indents: number;
}

export function waterfall(trace: Trace, options: WaterfallOptions): readonly string[] {
  const { style, signs } = options;
  const width = Math.min(Math.max(options.width, 1), WIDEST);
  const layout = layoutOf(trace, width, signs);
  const lines = [...titleOf(trace, options), ''];
  /** Of the nodes above the next one: whether each was the last of its parent. */
  const lasts: boolean[] = [];
  for (const node of trace.nodes) {
    lasts.length = node.depth;
    lasts[node.depth] = node.last;
    const failed = node.span.status === 'error';
    const paint = failed ? style.red : style.cyan;
    const mark = failed ? style.red(signs.error) : ' ';
    const tree = treeOf(node, lasts, layout.indents, signs);
    const name = cut(
      `${placeText(node)}${plainText(node.span.name)}`,
      Math.max(1, layout.names - widthOf(tree)),
      signs,
    );
    const filled = ' '.repeat(Math.max(0, layout.names - widthOf(tree) - widthOf(name)));
    const bar =
      layout.bars === 0 ? '' : `${barOf(node, trace, layout.bars, { signs, paint })}${GAP}`;
    const duration = signs.duration(node.span.durationNs).padStart(layout.durations);
    lines.push(
      `${mark} ${style.dim(tree)}${failed ? style.red(name) : name}${filled}${GAP}${bar}${duration}`,
    );
  }
  return [...lines, ...messagesOf(trace, width, options)];
}

function titleOf(
  { traceId, startNs, durationNs, nodes, errors }: Trace,
  { style, signs }: WaterfallOptions,
): readonly string[] {
  const began = new Date(Number(startNs / 1_000_000n)).toISOString().replace('T', ' ');
  const services = [...new Set(nodes.map(({ span }) => plainText(span.service ?? '')))].filter(
    Boolean,
  );
  const failed = errors === 0 ? '' : `, ${style.red(countText(errors, 'error'))}`;
  return [
    `${style.bold(traceId)}${services.length === 0 ? '' : `${GAP}${services.join(', ')}`}`,
    style.dim(
      `${began}${GAP}${signs.duration(durationNs)}${GAP}${countText(nodes.length, 'span')}`,
    ) + failed,
  ];
}

function layoutOf({ nodes }: Trace, width: number, signs: Signs): Layout {
  let durations = 0;
  let wanted = 4;
  for (const { span, depth } of nodes) {
    durations = Math.max(durations, widthOf(signs.duration(span.durationNs)));
    wanted = Math.max(wanted, widthOf(plainText(span.name)) + Math.min(depth, 8) * 2 + 9);
  }
  // A mark and a space before the name.
  const left = Math.max(1, width - 2 - GAP.length - durations);
  const share = Math.floor(left * 0.45);
  const bars = left - Math.min(wanted, share) - GAP.length;
  const names = bars < NARROWEST_BAR ? left : Math.min(wanted, share);
  return {
    names,
    bars: bars < NARROWEST_BAR ? 0 : bars,
    durations,
    indents: Math.max(1, Math.floor(names / 4)),
  };
}

/** Deeper than there is place for, the depth is a number. */
function treeOf(
  { depth }: TraceNode,
  lasts: readonly boolean[],
  indents: number,
  signs: Signs,
): string {
  if (depth === 0) return '';
  const branch = lasts[depth] === true ? signs.lastBranch : signs.branch;
  if (depth > indents) return `${signs.cut}${depth} ${branch}`;
  const trunks = lasts.slice(1, depth).map((last) => (last ? '  ' : signs.trunk));
  return trunks.join('') + branch;
}

function placeText({ place }: TraceNode): string {
  return place === 'orphan' || place === 'cycle' ? `(${place}) ` : '';
}

/** The ellipsis is Unicode's. */
function cut(text: string, columns: number, signs: Signs): string {
  const short = shorten(text, columns);
  return short === text ? text : short.replace(/…$/, signs.cut);
}

function barOf(
  { span }: TraceNode,
  trace: Trace,
  columns: number,
  { signs, paint }: { readonly signs: Signs; readonly paint: (text: string) => string },
): string {
  const whole = Number(trace.durationNs) || 1;
  const from = (Number(span.startNs - trace.startNs) / whole) * columns;
  const length = (Number(span.durationNs) / whole) * columns;
  const first = Math.min(columns - 1, Math.floor(from));
  const cells = Math.min(columns - first, Math.max(1, Math.round(length)));
  const text = length < 0.5 ? signs.moment : signs.bar.repeat(cells);
  return ' '.repeat(first) + paint(text) + ' '.repeat(columns - first - widthOf(text));
}

/** What the failed spans say, once each. */
function messagesOf(
  trace: Trace,
  width: number,
  { style, signs }: WaterfallOptions,
): readonly string[] {
  const said = new Set<string>();
  for (const { span } of trace.nodes) {
    if (span.status !== 'error' || span.statusMessage === null || span.statusMessage === '')
      continue;
    said.add(
      cut(`${signs.error} ${plainText(span.name)}: ${plainText(span.statusMessage)}`, width, signs),
    );
  }
  return said.size === 0 ? [] : ['', ...[...said].map((line) => style.red(line))];
}
