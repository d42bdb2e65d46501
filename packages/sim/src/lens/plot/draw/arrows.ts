// Where vectors point: arrows of one length on places that are evenly apart. How long vectors are is said by the colours.
import type { PlaceSampler } from '../place/place-sampler.ts';
import { samplePlaces } from '../place/place-sampler.ts';
import type { Projection } from '../place/projection.ts';
import type { Subject } from '../subject.ts';
import type { Area, Pen } from './canvas.ts';

const APART_PIXELS = 26;
const LENGTH_PIXELS = 17;
/** Of a globe: what is further out is seen too much from the side. */
const SHORTEST = 0.25;

interface Site {
  readonly across: number;
  readonly down: number;
}

export interface Arrows {
  draw(pen: Pen, area: Area, values: Float64Array | Float32Array): void;
}

/** For samples that stay where they are. Undefined: the field points nowhere. */
export function arrowsOf(
  { field, width, pointing }: Subject,
  projection: Projection,
  area: Area,
  signal?: AbortSignal,
): Arrows | undefined {
  if (pointing === undefined) return undefined;
  const sites: Site[] = [];
  const [columns, rows] = [area.width, area.height].map((one) =>
    Math.max(1, Math.floor(one / APART_PIXELS)),
  ) as [number, number];
  const positions = new Float64Array(rows * columns * 3);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      const [across, down] = [(column + 0.5) / columns, (row + 0.5) / rows];
      if (projection.place(across, down, positions, sites.length)) sites.push({ across, down });
    }
  const sampler: PlaceSampler = samplePlaces(
    field,
    positions.subarray(0, sites.length * 3),
    signal,
  );
  const [first, second] = pointing;
  return {
    draw(pen, area, values) {
      const there = sampler.at(values, width);
      for (const [at, { across, down }] of sites.entries()) {
        const [u, v] = [there[at * width + first]!, there[at * width + second]!];
        const length = Math.hypot(u, v);
        if (!(length > 0 && Number.isFinite(length))) continue;
        const [right, up] = projection.along(across, down, u / length, v / length);
        drawArrow(pen, area.left + across * area.width, area.top + down * area.height, right, up);
      }
    },
  };
}

/** Its middle is at x, y; `right` and `up` are 1 long at most. */
export function drawArrow(pen: Pen, x: number, y: number, right: number, up: number): void {
  const length = Math.hypot(right, up);
  if (length < SHORTEST) return;
  const [along, down] = [(right * LENGTH_PIXELS) / 2, (-up * LENGTH_PIXELS) / 2];
  const [tipX, tipY] = [x + along, y + down];
  const head = 4.6;
  const [unitX, unitY] = [right / length, -up / length];
  pen.beginPath();
  pen.moveTo(x - along, y - down);
  pen.lineTo(tipX, tipY);
  for (const side of [-1, 1]) {
    pen.moveTo(tipX, tipY);
    pen.lineTo(
      tipX - head * (unitX * 0.86 + side * unitY * 0.5),
      tipY - head * (unitY * 0.86 - side * unitX * 0.5),
    );
  }
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  // Light on dark colours, and dark on light ones.
  pen.strokeStyle = 'rgba(0,0,0,0.55)';
  pen.lineWidth = 3;
  pen.stroke();
  pen.strokeStyle = '#ffffff';
  pen.lineWidth = 1.3;
  pen.stroke();
}
