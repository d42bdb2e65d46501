// Seeded choices.
import { seedStream, streamOver } from '../../random/index.ts';

export interface Choose {
  chance(probability: number): boolean;
  /** Both ends are possible. */
  between(least: number, most: number): number;
  one<T>(from: readonly T[]): T;
  /** Different ones, in the order of `from`. */
  some<T>(from: readonly T[], least: number, most: number): readonly T[];
}

export function chooser(seed: number): Choose {
  const words = new Uint32Array(4);
  seedStream(words, 0, String(seed), 'choices');
  const random = streamOver(words, 0);
  const between = (least: number, most: number): number => least + random.below(most - least + 1);
  return {
    chance: (probability) => random.float() < probability,
    between,
    one: (from) => from[random.below(from.length)]!,
    some(from, least, most) {
      const left = [...from];
      const wanted = between(least, most);
      while (left.length > wanted) left.splice(random.below(left.length), 1);
      return left;
    },
  };
}
