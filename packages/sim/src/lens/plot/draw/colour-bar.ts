// The bar that says what colours stand for, and the legend of what no colour stands for.
import { cssOf, FAINT_INK, INK, MISSING, STEPS } from '../look/colours.ts';
import { numberTicks } from '../look/number-ticks.ts';
import { shareOf } from '../look/value-range.ts';
import { LABEL_TEXT, TICK_TEXT, writeUpwards } from './axes.ts';
import { drawLine, widthOfText, writeText, type Area, type Pen } from './canvas.ts';

export interface Colours {
  /** Red, green and blue of each step. */
  readonly table: Uint8Array;
  readonly range: readonly [number, number];
}

/** Of values that the colours do not reach, and of those that are none. */
export interface Beyond {
  readonly below: boolean;
  readonly above: boolean;
  /** As the legend says it. */
  readonly notes: readonly string[];
  readonly missing: boolean;
}

const TIP_PIXELS = 9;

export function drawColourBar(
  pen: Pen,
  area: Area,
  { table, range }: Colours,
  label: string,
  { below, above }: Beyond,
): void {
  const { left, top, width, height } = area;
  for (let row = 0; row < height; row += 1) {
    const step = Math.min(STEPS - 1, Math.floor(((height - row - 0.5) / height) * STEPS));
    pen.fillStyle = cssOf(table.subarray(step * 3, step * 3 + 3));
    pen.fillRect(left, top + row, width, 1);
  }
  // A tip where values are beyond: the last colour is theirs, too.
  const outline: (readonly [number, number])[] = [
    [left - 0.5, top - 0.5],
    ...(above ? ([[left + width / 2, top - TIP_PIXELS]] as const) : []),
    [left + width + 0.5, top - 0.5],
    [left + width + 0.5, top + height + 0.5],
    ...(below ? ([[left + width / 2, top + height + TIP_PIXELS]] as const) : []),
    [left - 0.5, top + height + 0.5],
    [left - 0.5, top - 0.5],
  ];
  if (above) fillTip(pen, area, table.subarray((STEPS - 1) * 3), top, -TIP_PIXELS);
  if (below) fillTip(pen, area, table.subarray(0, 3), top + height, TIP_PIXELS);
  drawLine(pen, outline, { colour: INK, widthPixels: 1 });
  const widest = drawTicks(pen, area, range);
  writeUpwards(pen, label, left + width + 9 + widest + 18, top + height / 2);
}

function fillTip(
  pen: Pen,
  { left, width }: Area,
  colour: Uint8Array,
  from: number,
  heightPixels: number,
): void {
  pen.fillStyle = cssOf(colour.subarray(0, 3));
  pen.beginPath();
  pen.moveTo(left, from);
  pen.lineTo(left + width / 2, from + heightPixels);
  pen.lineTo(left + width, from);
  pen.closePath();
  pen.fill();
}

/** The width of the widest. */
function drawTicks(
  pen: Pen,
  { left, top, width, height }: Area,
  range: readonly [number, number],
): number {
  const right = left + width;
  let widest = 0;
  for (const { value, text } of numberTicks(range, Math.max(2, Math.round(height / 50)))) {
    const at = Math.round(top + height - shareOf(value, range) * height) + 0.5;
    drawLine(
      pen,
      [
        [right, at],
        [right + 5, at],
      ],
      { colour: INK, widthPixels: 1 },
    );
    writeText(pen, text, right + 9, at, {
      sizePixels: TICK_TEXT,
      colour: INK,
      baseline: 'middle',
    });
    widest = Math.max(widest, widthOfText(pen, text, TICK_TEXT));
  }
  return widest;
}

/** In one row, from the left. */
export function drawLegend(pen: Pen, left: number, middle: number, beyond: Beyond): void {
  let at = left;
  if (beyond.missing) {
    pen.fillStyle = cssOf(MISSING);
    pen.fillRect(at, middle - 6, 12, 12);
    pen.strokeStyle = INK;
    pen.lineWidth = 1;
    pen.strokeRect(at - 0.5, middle - 6.5, 13, 13);
    at = write(pen, 'no value', at + 18, middle);
  }
  for (const note of beyond.notes) at = write(pen, note, at, middle);
}

function write(pen: Pen, text: string, left: number, middle: number): number {
  writeText(pen, text, left, middle, {
    sizePixels: TICK_TEXT,
    colour: FAINT_INK,
    baseline: 'middle',
  });
  return left + widthOfText(pen, text, TICK_TEXT) + LABEL_TEXT + 6;
}
