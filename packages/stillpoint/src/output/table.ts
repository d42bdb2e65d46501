// Tables that fit the width: columns take what they need, and the one that may shrink gives way.
import { shorten, widthOf, type Style } from './style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be shortened when the table is too wide. Its cells must be plain; `paint` styles them afterwards. */
  readonly shrink?: boolean;
  readonly paint?: (text: string) => string;
}

export interface TableOptions {
  readonly width: number;
  readonly style: Style;
}

const GAP = '  ';
const NARROWEST = 8;

/** Lines without trailing spaces. A column that is empty in every row is left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): readonly string[] {
  const shown = columns.flatMap((column, index) =>
    rows.some((row) => (row[index] ?? '') !== '') ? [{ column, index }] : [],
  );
  const widths = shown.map(({ column, index }) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  fit(shown, widths, options.width);
  const line = (cells: readonly string[]): string => cells.join(GAP).trimEnd();
  const title = shown.map(({ column }, at) => pad(column.title, widths[at] ?? 0, column.align));
  const body = rows.map((row) =>
    line(
      shown.map(({ column, index }, at) => {
        const width = widths[at] ?? 0;
        const cell = row[index] ?? '';
        const text = pad(column.shrink === true ? shorten(cell, width) : cell, width, column.align);
        return column.paint === undefined ? text : column.paint(text);
      }),
    ),
  );
  return [options.style.dim(line(title)), ...body];
}

function fit(shown: readonly { readonly column: Column }[], widths: number[], width: number): void {
  const total = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
  let over = total - width;
  // The last column that may shrink goes first: it is the least important one.
  for (let at = shown.length - 1; at >= 0 && over > 0; at--) {
    if (shown[at]?.column.shrink !== true) continue;
    const given = Math.min(over, Math.max(0, (widths[at] ?? 0) - NARROWEST));
    widths[at] = (widths[at] ?? 0) - given;
    over -= given;
  }
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}
