// Plates turn about axes through the middle of the planet; each cell moves with the plate whose centre is nearest.
import type { RandomStream } from '@stillpoint/sim';
import { COLUMNS, ROWS } from './size.ts';
import { latitudes, longitudes } from './sphere.ts';

/** A direction, each as likely as any other. */
export function anyDirection(random: RandomStream): readonly [number, number, number] {
  for (;;) {
    const x = 2 * random.float() - 1;
    const y = 2 * random.float() - 1;
    const z = 2 * random.float() - 1;
    const length = Math.sqrt(x * x + y * y + z * z);
    if (length > 0.1 && length <= 1) return [x / length, y / length, z / length];
  }
}

/** Into `velocity`, which has an eastward and a northward component for each cell. */
export function moveWithPlates(
  velocity: Float64Array,
  plates: { readonly count: number; readonly centre: Float64Array; readonly spin: Float64Array },
): void {
  const { count, centre, spin } = plates;
  for (let row = 0; row < ROWS; row += 1) {
    const z = latitudes.sine[row]!;
    const radius = latitudes.cosine[row]!;
    for (let column = 0; column < COLUMNS; column += 1) {
      const east = longitudes.sine[column]!;
      const ahead = longitudes.cosine[column]!;
      const x = radius * ahead;
      const y = radius * east;
      let nearest = 0;
      let closeness = -2;
      for (let plate = 0; plate < count; plate += 1) {
        const close =
          x * centre[3 * plate]! + y * centre[3 * plate + 1]! + z * centre[3 * plate + 2]!;
        if (close > closeness) {
          closeness = close;
          nearest = 3 * plate;
        }
      }
      const a = spin[nearest]!;
      const b = spin[nearest + 1]!;
      const c = spin[nearest + 2]!;
      // spin x position, seen along east and north.
      const vx = b * z - c * y;
      const vy = c * x - a * z;
      const vz = a * y - b * x;
      const at = 2 * (row * COLUMNS + column);
      velocity[at] = vy * ahead - vx * east;
      velocity[at + 1] = vz * radius - (vx * ahead + vy * east) * z;
    }
  }
}
