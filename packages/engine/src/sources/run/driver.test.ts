import path from 'node:path';
import { test } from 'node:test';
import { driverSuite } from '../testkit/driver-suite.ts';
import { createRunPlace } from './testing/run-place.ts';

driverSuite({
  test: (name, body) => test(`run driver: ${name}`, body),
  async factory() {
    const it = await createRunPlace();
    let tick = 100;
    await it.checkpoint('planet-a', tick, 'x'.repeat(300_000));
    return {
      driver: async () => it.driver(),
      async driverOnNothing() {
        const directory = path.join(it.project, 'elsewhere', 'runs');
        return { driver: it.driver(directory), content: () => newest(directory) };
      },
      async change() {
        tick += 1;
        await it.checkpoint('planet-a', tick, `${tick}`.repeat(100_000));
      },
      content: () => newest(it.directory),
      visible: () => it.content(),
      [Symbol.asyncDispose]: () => it[Symbol.asyncDispose](),
    };

    /** What a run would be resumed from: others that are older are no part of its state. */
    async function newest(directory: string): Promise<string> {
      const content = await it.content(directory);
      return content
        .split('\n')
        .filter((line, at, all) => line.includes('latest') || at === all.length - 1)
        .join('\n');
    }
  },
});
