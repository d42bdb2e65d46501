// Lines of longitude and latitude, on maps and globes.
import { INK, LINES_LIGHT } from '../look/colours.ts';
import { latitudeText, longitudeText } from '../look/degree-ticks.ts';
import type { Globe } from '../place/projection.ts';
import { drawLine, writeText, type Area, type Pen } from './canvas.ts';

const STEP_DEGREES = 30;
const LINE = { colour: `rgba(255,255,255,${LINES_LIGHT})`, widthPixels: 1 } as const;
/** Of a line, so that it is round to the eye. */
const PIECE_DEGREES = 3;

export function drawMapLines(pen: Pen, { left, top, width, height }: Area): void {
  for (let longitude = -180 + 60; longitude < 180; longitude += 60) {
    const at = Math.round(left + ((longitude + 180) / 360) * width) + 0.5;
    drawLine(
      pen,
      [
        [at, top],
        [at, top + height],
      ],
      LINE,
    );
  }
  for (let latitude = -60; latitude < 90; latitude += STEP_DEGREES) {
    const at = Math.round(top + ((90 - latitude) / 180) * height) + 0.5;
    drawLine(
      pen,
      [
        [left, at],
        [left + width, at],
      ],
      LINE,
    );
  }
}

export function drawGraticule(pen: Pen, area: Area, globe: Globe): void {
  const at = (longitude: number, latitude: number): readonly [number, number] | undefined => {
    const seen = globe.seen(longitude, latitude);
    return seen && [area.left + seen[0] * area.width, area.top + seen[1] * area.height];
  };
  for (let longitude = -180; longitude < 180; longitude += STEP_DEGREES)
    drawSeen(
      pen,
      steps(-90, 90).map((latitude) => at(longitude, latitude)),
    );
  for (let latitude = -60; latitude <= 60; latitude += STEP_DEGREES)
    drawSeen(
      pen,
      steps(-180, 180).map((longitude) => at(longitude, latitude)),
    );
  drawRim(pen, area);
  for (let longitude = -180; longitude < 180; longitude += 2 * STEP_DEGREES)
    label(pen, area, at(longitude, 0), longitudeText(longitude));
  // Where the meridian is that one looks at.
  const middle = nearestMeridian(globe);
  for (const latitude of [-60, -30, 30, 60])
    label(pen, area, at(middle, latitude), latitudeText(latitude));
}

/** Of those that are drawn, the one in the middle. */
function nearestMeridian(globe: Globe): number {
  let best = 0;
  let leastAway = Infinity;
  for (let longitude = -180; longitude < 180; longitude += STEP_DEGREES)
    for (const latitude of [-30, 0, 30]) {
      const seen = globe.seen(longitude, latitude);
      const away = seen === undefined ? Infinity : Math.abs(seen[0] - 0.5);
      if (away < leastAway) [best, leastAway] = [longitude, away];
    }
  return best;
}

function steps(from: number, to: number): readonly number[] {
  return Array.from(
    { length: (to - from) / PIECE_DEGREES + 1 },
    (_, step) => from + step * PIECE_DEGREES,
  );
}

/** Pieces of a line that are on this side. */
function drawSeen(pen: Pen, points: readonly (readonly [number, number] | undefined)[]): void {
  let piece: (readonly [number, number])[] = [];
  for (const point of [...points, undefined]) {
    if (point !== undefined) piece.push(point);
    else {
      if (piece.length > 1) drawLine(pen, piece, LINE);
      piece = [];
    }
  }
}

/** Over the steps of the outermost pixels. */
function drawRim(pen: Pen, { left, top, width, height }: Area): void {
  pen.strokeStyle = INK;
  pen.lineWidth = 1.6;
  pen.beginPath();
  pen.arc(left + width / 2, top + height / 2, width / 2, 0, 2 * Math.PI);
  pen.stroke();
}

function label(
  pen: Pen,
  { left, top, width, height }: Area,
  point: readonly [number, number] | undefined,
  text: string,
): void {
  if (point === undefined) return;
  const [x, y] = point;
  const away = Math.hypot((x - left) / width - 0.5, (y - top) / height - 0.5);
  // Near the rim a label would stand beside its line.
  if (away > 0.44) return;
  writeText(pen, text, x + 3, y - 4, {
    sizePixels: 10,
    colour: INK,
    halo: 'rgba(255,255,255,0.65)',
  });
}
