// The same sparks without a runner, as one would write the loop by hand: what the runner costs is measured against it, and that it
// reaches the same state is tested.
import { det, type RandomStream } from '@stillpoint/sim';
import { fly, type Sparks } from './motion.ts';

const CAPACITY = 60_000;
const DT_SECONDS = 0.01;
const BIRTHS = 60;
const LIFETIME_SECONDS = 5;
const AIR = { gravity: 9.81, drag: 0.02, dtSeconds: DT_SECONDS };

export interface HandMade {
  readonly count: number;
  readonly sparks: Sparks;
  step(): void;
}

/** One stream for each of what draws, as the world's strata have. */
export function byHand(streams: {
  readonly embers: RandomStream;
  readonly fountain: RandomStream;
}): HandMade {
  let from = memory();
  let to = memory();
  let count = 0;
  const dead = new Uint8Array(CAPACITY);
  const { embers, fountain } = streams;
  return {
    get count() {
      return count;
    },
    get sparks() {
      return from;
    },
    step() {
      fly(count, from, to, AIR);
      let died = 0;
      for (let index = 0; index < count; index += 1) {
        dead[index] = to.age[index]! > LIFETIME_SECONDS && embers.uint32() < 0x2000_0000 ? 1 : 0;
        died += dead[index]!;
      }
      if (died > 0) count = compact(to, dead, count);
      for (let born = 0; born < BIRTHS; born += 1) {
        const angle = (fountain.float() - 0.5) * 0.6;
        const speed = 12 + 3 * fountain.normal();
        to.position[2 * count] = 0;
        to.position[2 * count + 1] = 0;
        to.velocity[2 * count] = speed * det.sin(angle);
        to.velocity[2 * count + 1] = speed * det.cos(angle);
        to.age[count] = 0;
        count += 1;
      }
      [from, to] = [to, from];
    },
  };
}

function memory(): Sparks {
  return {
    position: new Float64Array(2 * CAPACITY),
    velocity: new Float64Array(2 * CAPACITY),
    age: new Float64Array(CAPACITY),
  };
}

/** The living move together in their order. Returns how many they are. */
function compact({ position, velocity, age }: Sparks, dead: Uint8Array, count: number): number {
  let write = 0;
  for (let read = 0; read < count; read += 1) {
    if (dead[read] === 1) continue;
    if (write !== read) {
      position[2 * write] = position[2 * read]!;
      position[2 * write + 1] = position[2 * read + 1]!;
      velocity[2 * write] = velocity[2 * read]!;
      velocity[2 * write + 1] = velocity[2 * read + 1]!;
      age[write] = age[read]!;
    }
    write += 1;
  }
  return write;
}
