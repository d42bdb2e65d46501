// Tables that fit the width: columns take what they need, those that may shrink give way, and on a narrow terminal those that can
// be spared are left out.
import { shorten, widthOf, type Style } from './style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be shortened when the table is too wide. Its cells must be plain; `paint` styles them afterwards. */
  readonly shrink?: boolean;
  /** May be left out when shrinking is not enough: the highest number first. */
  readonly spare?: number;
  readonly paint?: (text: string) => string;
}

export interface TableOptions {
  readonly width: number;
  readonly style: Style;
}

const GAP = '  ';
/** Rather than fewer than this, a column that can be spared goes. */
const COMFORTABLE = 16;
const NARROWEST = 8;

/** Lines without trailing spaces. A column that is empty in every row is left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): readonly string[] {
  const filled = columns.flatMap((column, index) =>
    rows.some((row) => (row[index] ?? '') !== '') ? [measured(column, index, rows)] : [],
  );
  const shown = withoutSpare(filled, options.width);
  const widths = shown.map(({ width }) => width);
  fit(shown, widths, options.width);
  const line = (cells: readonly string[]): string => cells.join(GAP).trimEnd();
  const title = shown.map(({ column }, at) =>
    pad(shorten(column.title, widths[at] ?? 0), widths[at] ?? 0, column.align),
  );
  const body = rows.map((row) =>
    line(
      shown.map(({ column, index }, at) => {
        const width = widths[at] ?? 0;
        const cell = row[index] ?? '';
        // What is painted already cannot be cut.
        const text = cell.includes('\u001b') ? cell : shorten(cell, width);
        const space = ' '.repeat(Math.max(0, width - widthOf(text)));
        const painted = column.paint === undefined ? text : column.paint(text);
        return column.align === 'right' ? space + painted : painted + space;
      }),
    ),
  );
  return [options.style.dim(line(title)), ...body];
}

interface Measured {
  readonly column: Column;
  /** Of the cell in its row. */
  readonly index: number;
  readonly width: number;
}

function measured(column: Column, index: number, rows: readonly (readonly string[])[]): Measured {
  const cells = rows.map((row) => widthOf(row[index] ?? ''));
  return { column, index, width: Math.max(widthOf(column.title), ...cells) };
}

/** Leaves out what can be spared until the rest fits when it has shrunk. */
function withoutSpare(all: readonly Measured[], width: number): readonly Measured[] {
  const needed = all.reduce(
    (sum, one) => sum + (one.column.shrink === true ? Math.min(one.width, COMFORTABLE) : one.width),
    GAP.length * (all.length - 1),
  );
  const spare = all.reduce((most, { column }) => Math.max(most, column.spare ?? 0), 0);
  if (needed <= width || spare === 0) return all;
  const last = all.findLastIndex(({ column }) => column.spare === spare);
  return withoutSpare(all.toSpliced(last, 1), width);
}

function fit(shown: readonly Measured[], widths: number[], width: number): void {
  const total = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
  let over = Math.max(0, total - width);
  const shrink = (at: number, narrowest: number): void => {
    const given = Math.min(over, Math.max(0, (widths[at] ?? 0) - narrowest));
    widths[at] = (widths[at] ?? 0) - given;
    over -= given;
  };
  // The last column that may shrink goes first: it is the least important one.
  for (const narrowest of [COMFORTABLE, NARROWEST]) {
    for (let at = shown.length - 1; at >= 0; at--) {
      if (shown[at]?.column.shrink === true) shrink(at, narrowest);
    }
  }
  // A terminal that is narrower than anybody thought of: everything gives way, rather than breaking each line.
  for (let at = shown.length - 1; at >= 0; at--) shrink(at, 3);
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}
