import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { driverSuite } from '../sources/testkit/driver-suite.ts';
import { createTestMember } from './testing/test-member.ts';
import { gitState, runGit, treeState } from './testing/tree-state.ts';

driverSuite({
  test: (name, body) => test(`git driver: ${name}`, body),
  async factory() {
    const member = await createTestMember();
    let changes = 0;
    const content = (directory: string) =>
      JSON.stringify([treeState(directory), gitState(directory)]);
    return {
      driver: async () => member.driver(),
      async driverOnNothing() {
        const place = await member.elsewhere();
        return { driver: place.driver, content: async () => content(place.directory) };
      },
      async change() {
        changes += 1;
        await writeFile(path.join(member.directory, 'tracked.txt'), `change ${changes}\n`);
        runGit(member.directory, 'commit', '-qam', `change ${changes}`);
        await writeFile(path.join(member.directory, `untracked-${changes}.txt`), `${changes}\n`);
        await rm(path.join(member.directory, `untracked-${changes - 1}.txt`), { force: true });
      },
      content: async () => content(member.directory),
      visible: async () =>
        JSON.stringify([content(member.directory), treeState(member.directory, { skip: [] })]),
      [Symbol.asyncDispose]: () => member[Symbol.asyncDispose](),
    };
  },
});
