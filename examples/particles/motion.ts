// How a spark flies: gravity, drag, and a floor that it bounces off. Shared by the world and by the loop without a runner.

export interface Sparks {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly age: Float64Array;
}

const BOUNCE = 0.6;

export interface Air {
  readonly gravity: number;
  readonly drag: number;
}

/** Writes every spark that is alive, from where it was `dtSeconds` ago. */
export function fly(
  count: number,
  from: Sparks,
  to: Sparks,
  { gravity, drag, dtSeconds }: Air & { readonly dtSeconds: number },
): void {
  const { position, velocity, age } = from;
  const { position: positionTo, velocity: velocityTo, age: ageTo } = to;
  for (let index = 0; index < count; index += 1) {
    const x = 2 * index;
    const y = x + 1;
    const along = velocity[x]!;
    const up = velocity[y]!;
    const speed = Math.sqrt(along * along + up * up);
    const slowed = 1 - Math.min(0.5, drag * speed * dtSeconds);
    let nextUp = (up - gravity * dtSeconds) * slowed;
    let height = position[y]! + nextUp * dtSeconds;
    if (height < 0) {
      height = -height * BOUNCE;
      nextUp = -nextUp * BOUNCE;
    }
    velocityTo[x] = along * slowed;
    velocityTo[y] = nextUp;
    positionTo[x] = position[x]! + along * slowed * dtSeconds;
    positionTo[y] = height;
    ageTo[index] = age[index]! + dtSeconds;
  }
}
