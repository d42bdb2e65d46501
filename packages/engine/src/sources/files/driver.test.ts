import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { driverSuite } from '../testkit/driver-suite.ts';
import { directoryState } from './testing/directory-state.ts';
import { createTestDirectory } from './testing/test-directory.ts';

driverSuite({
  test: (name, body) => test(`files driver: ${name}`, body),
  async factory() {
    const it = await createTestDirectory();
    await it.write('a/one.txt', 'one\n');
    await it.write('two.bin', Buffer.alloc(3_000_000, 'two'));
    await mkdir(path.join(it.directory, 'empty'));
    let changes = 0;
    const content = async (directory: string) => JSON.stringify(directoryState(directory));
    return {
      driver: async () => it.driver(),
      async driverOnNothing() {
        const directory = path.join(it.project, 'elsewhere', 'uploads');
        return { driver: it.driver({ directory }), content: () => content(directory) };
      },
      async change() {
        changes += 1;
        await writeFile(path.join(it.directory, 'a/one.txt'), `change ${changes}\n`);
        await writeFile(path.join(it.directory, `new-${changes}.txt`), `${changes}\n`);
        await rm(path.join(it.directory, `new-${changes - 1}.txt`), { force: true });
      },
      content: () => content(it.directory),
      [Symbol.asyncDispose]: () => it[Symbol.asyncDispose](),
    };
  },
});
