// A line of very many points in bounded memory: of points that follow each other only the least and the largest are kept, so that no peak
// is lost, and more of them are taken together the longer the line gets.

/** Far more than a picture has columns. */
const MOST_BUCKETS = 16_384;

interface Bucket {
  /** In the order they came in. */
  points: LinePoint[];
  count: number;
}

export interface LinePoint {
  readonly tick: number;
  readonly timeSeconds: number;
  readonly value: number;
}

export interface ThinLine {
  add(point: LinePoint): void;
  points(): readonly LinePoint[];
}

export function createThinLine(): ThinLine {
  let buckets: Bucket[] = [];
  let each = 1;
  return {
    add(point) {
      const open = buckets.at(-1);
      if (open !== undefined && open.count < each) {
        open.points = extremes([...open.points, point]);
        open.count += 1;
        return;
      }
      if (buckets.length === MOST_BUCKETS) {
        buckets = Array.from({ length: MOST_BUCKETS / 2 }, (_, at) => {
          const [one, other] = [buckets[at * 2]!, buckets[at * 2 + 1]!];
          return { points: extremes([...one.points, ...other.points]), count: each * 2 };
        });
        each *= 2;
      }
      buckets.push({ points: [point], count: 1 });
    },
    points: () => buckets.flatMap(({ points }) => points),
  };
}

/** The least and the largest, in their order. What is no number says so only where nothing else is: a gap within is not seen. */
function extremes(points: readonly LinePoint[]): LinePoint[] {
  let least: LinePoint | undefined;
  let largest: LinePoint | undefined;
  for (const point of points) {
    if (Number.isNaN(point.value)) continue;
    if (least === undefined || point.value < least.value) least = point;
    if (largest === undefined || point.value > largest.value) largest = point;
  }
  if (least === undefined || largest === undefined) return points.slice(0, 1);
  return points.filter((point) => point === least || point === largest);
}
