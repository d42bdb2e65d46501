// The view of points: each sample is a dot where it is, seen along an axis.
import type { FieldSamples } from '../../contract.ts';
import type { PlotAxis } from '../contract.ts';
import { drawArrow } from '../draw/arrows.ts';
import type { Area, Pen } from '../draw/canvas.ts';
import type { Colours } from '../draw/colour-bar.ts';
import { cssOf, INK, MISSING } from '../look/colours.ts';
import { stepOf } from '../look/value-range.ts';
import { scalarsOf, type Subject } from '../subject.ts';
import type { Painter, View } from './contract.ts';

/** From so many on dots are squares of pixels: nobody sees the difference, and each costs much less. */
const MANY = 20_000;
const ARROWS = 400;

export interface Bounds {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** Where points have been seen, along two axes. */
export class SeenBounds {
  readonly #axes: readonly [number, number];
  readonly #least: [number, number] = [Infinity, Infinity];
  readonly #largest: [number, number] = [-Infinity, -Infinity];

  constructor(axes: readonly [number, number]) {
    this.#axes = axes;
  }

  see(positions: Float64Array): void {
    for (let at = 0; at < positions.length; at += 3)
      for (const side of [0, 1] as const) {
        const value = positions[at + this.#axes[side]] as number;
        if (!Number.isFinite(value)) continue;
        if (value < this.#least[side]) this.#least[side] = value;
        if (value > this.#largest[side]) this.#largest[side] = value;
      }
  }

  /** With some room around them; a square where there is nothing. */
  bounds(): Bounds {
    const widths = ([0, 1] as const).map((side) => this.#largest[side] - this.#least[side]);
    const most = Math.max(...widths);
    const [x, y] = ([0, 1] as const).map((side): readonly [number, number] => {
      const [least, largest] = [this.#least[side], this.#largest[side]];
      if (least > largest) return [-1, 1];
      // In a line: as much room beside it as along it.
      const around = widths[side]! > 0 ? widths[side]! * 0.04 : most > 0 ? most / 2 : 1;
      return [least - around, largest + around];
    });
    return { x: x!, y: y! };
  }
}

export function axisNumber(axis: PlotAxis): number {
  return 'xyz'.indexOf(axis);
}

export function pointsView(
  subject: Subject,
  axes: readonly [PlotAxis, PlotAxis],
  bounds: Bounds,
): View {
  const { x, y } = bounds;
  const aspect = (x[1] - x[0]) / (y[1] - y[0]);
  const numbers = axes.map(axisNumber) as [number, number];
  const placed = (positions: Float64Array, at: number): readonly [number, number] => [
    ((positions[at * 3 + numbers[0]] as number) - x[0]) / (x[1] - x[0]),
    (y[1] - (positions[at * 3 + numbers[1]] as number)) / (y[1] - y[0]),
  ];
  return {
    // One scale for both, unless that would leave a line.
    aspect: Math.min(Math.max(aspect, 1 / 4), 4),
    extent: bounds,
    axes,
    painterFor: (area) => painterOf(subject, area, placed),
    rasterFor: ({ width, height }) => {
      return (samples) => {
        const values = new Float64Array(width * height).fill(Number.NaN);
        const inside = new Uint8Array(width * height);
        eachDot(subject, samples, placed, (across, down, value) => {
          const pixel =
            Math.min(Math.floor(down * height), height - 1) * width +
            Math.min(Math.floor(across * width), width - 1);
          values[pixel] = value;
          inside[pixel] = 1;
        });
        return { values, inside };
      };
    },
  };
}

type Placed = (positions: Float64Array, at: number) => readonly [number, number];

/** Those that are somewhere on the picture, in their order. */
function eachDot(
  subject: Subject,
  { count, values, positions }: FieldSamples,
  placed: Placed,
  take: (across: number, down: number, value: number, at: number) => void,
): void {
  if (positions === null) return;
  const scalars = scalarsOf(subject, values);
  for (let at = 0; at < count; at += 1) {
    const [across, down] = placed(positions, at);
    if (across >= 0 && across <= 1 && down >= 0 && down <= 1)
      take(across, down, scalars[at] as number, at);
  }
}

function painterOf(subject: Subject, area: Area, placed: Placed): Painter {
  return {
    paint(pen, samples, colours) {
      const radius = radiusOf(samples.count);
      if (samples.count > MANY) paintSquares(pen, subject, area, samples, placed, colours);
      else
        eachDot(subject, samples, placed, (across, down, value) => {
          const [x, y] = [area.left + across * area.width, area.top + down * area.height];
          paintDot(pen, x, y, radius, colourOf(value, colours));
        });
      paintArrows(pen, subject, area, samples, placed);
    },
  };
}

function radiusOf(count: number): number {
  if (count <= 100) return 5;
  if (count <= 1000) return 3.5;
  return count <= 5000 ? 2.2 : 1.5;
}

function colourOf(value: number, { table, range }: Colours): string {
  if (Number.isNaN(value)) return cssOf(MISSING);
  const step = stepOf(value, range) * 3;
  return cssOf(table.subarray(step, step + 3));
}

function paintDot(pen: Pen, x: number, y: number, radius: number, colour: string): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
  if (radius < 3) return;
  pen.strokeStyle = INK;
  pen.lineWidth = 0.6;
  pen.stroke();
}

function paintSquares(
  pen: Pen,
  subject: Subject,
  { left, top, width, height }: Area,
  samples: FieldSamples,
  placed: Placed,
  { table, range }: Colours,
): void {
  const image = pen.createImageData(width, height);
  image.data.fill(255);
  const side = samples.count > 10 * MANY ? 1 : 2;
  eachDot(subject, samples, placed, (across, down, value) => {
    const isMissing = Number.isNaN(value);
    const from = isMissing ? 0 : stepOf(value, range) * 3;
    const colour = isMissing ? MISSING : table;
    const [column, row] = [Math.floor(across * (width - side)), Math.floor(down * (height - side))];
    for (let pixel = 0; pixel < side * side; pixel += 1) {
      const to = ((row + Math.floor(pixel / side)) * width + column + (pixel % side)) * 4;
      image.data[to] = colour[from] as number;
      image.data[to + 1] = colour[from + 1] as number;
      image.data[to + 2] = colour[from + 2] as number;
    }
  });
  pen.putImageData(image, left, top);
}

/** Of so many that they can be seen: each nth. */
function paintArrows(
  pen: Pen,
  subject: Subject,
  area: Area,
  samples: FieldSamples,
  placed: Placed,
): void {
  const { pointing, width } = subject;
  if (pointing === undefined) return;
  const every = Math.ceil(samples.count / ARROWS);
  eachDot(subject, samples, placed, (across, down, _value, at) => {
    if (at % every !== 0) return;
    const [right, up] = pointing.map((axis) => samples.values[at * width + axis]) as [
      number,
      number,
    ];
    const length = Math.hypot(right, up);
    if (!(length > 0 && Number.isFinite(length))) return;
    const [x, y] = [area.left + across * area.width, area.top + down * area.height];
    drawArrow(pen, x, y, right / length, up / length);
  });
}
