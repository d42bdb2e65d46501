// Axes around a plotted area: a frame, ticks on two sides of it, and what they are.
import { FAINT_INK, INK } from '../look/colours.ts';
import type { Tick } from '../look/number-ticks.ts';
import { drawLine, widthOfText, writeText, type Area, type Pen } from './canvas.ts';

export const TICK_TEXT = 12;
export const LABEL_TEXT = 13;
const TICK_PIXELS = 5;

export interface Axis {
  readonly ticks: readonly Tick[];
  /** Of left and right, or of below and above. */
  readonly range: readonly [number, number];
  readonly label: string;
}

/** Where values are on the picture. */
export function acrossOf({ left, width }: Area, [from, to]: Axis['range'], value: number): number {
  return left + ((value - from) / (to - from)) * width;
}

export function downOf({ top, height }: Area, [from, to]: Axis['range'], value: number): number {
  return top + height - ((value - from) / (to - from)) * height;
}

export function drawAxes(pen: Pen, area: Area, x: Axis, y: Axis): void {
  drawBelow(pen, area, x);
  drawBeside(pen, area, y);
  pen.strokeStyle = INK;
  pen.lineWidth = 1;
  pen.strokeRect(area.left - 0.5, area.top - 0.5, area.width + 1, area.height + 1);
}

function drawBelow(pen: Pen, area: Area, { ticks, range, label }: Axis): void {
  const below = area.top + area.height;
  let free = -Infinity;
  for (const { value, text } of ticks) {
    const at = Math.round(acrossOf(area, range, value)) + 0.5;
    drawLine(
      pen,
      [
        [at, below],
        [at, below + TICK_PIXELS],
      ],
      { colour: INK, widthPixels: 1 },
    );
    const half = widthOfText(pen, text, TICK_TEXT) / 2;
    // Never over each other, however long they are.
    if (at - half < free) continue;
    free = at + half + 6;
    writeText(pen, text, at, below + TICK_PIXELS + 4, {
      sizePixels: TICK_TEXT,
      colour: INK,
      align: 'center',
      baseline: 'top',
    });
  }
  writeText(pen, label, area.left + area.width / 2, below + TICK_PIXELS + 22, {
    sizePixels: LABEL_TEXT,
    colour: INK,
    align: 'center',
    baseline: 'top',
  });
}

function drawBeside(pen: Pen, area: Area, { ticks, range, label }: Axis): void {
  let widest = 0;
  for (const { value, text } of ticks) {
    const at = Math.round(downOf(area, range, value)) + 0.5;
    drawLine(
      pen,
      [
        [area.left, at],
        [area.left - TICK_PIXELS, at],
      ],
      { colour: INK, widthPixels: 1 },
    );
    widest = Math.max(widest, widthOfText(pen, text, TICK_TEXT));
    writeText(pen, text, area.left - TICK_PIXELS - 4, at, {
      sizePixels: TICK_TEXT,
      colour: INK,
      align: 'right',
      baseline: 'middle',
    });
  }
  if (label === '') return;
  writeUpwards(pen, label, area.left - TICK_PIXELS - 12 - widest, area.top + area.height / 2);
}

/** Read from below; `x` is its right side. */
export function writeUpwards(pen: Pen, text: string, x: number, y: number): void {
  pen.save();
  pen.translate(x, y);
  pen.rotate(-Math.PI / 2);
  writeText(pen, text, 0, 0, {
    sizePixels: LABEL_TEXT,
    colour: INK,
    align: 'center',
    baseline: 'alphabetic',
  });
  pen.restore();
}

/** What stands above: what it is, and of which run and when. */
export function drawTitle(pen: Pen, left: number, title: string, subtitle: string): void {
  writeText(pen, title, left, 26, { sizePixels: 17, colour: INK });
  writeText(pen, subtitle, left, 46, { sizePixels: LABEL_TEXT, colour: FAINT_INK });
}
