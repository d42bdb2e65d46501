// Death in the switch of a project with every kind of source: the real command is killed -9 before and after lines of the journal,
// in a restore and in an undo. All before or all after, in all five places; then an undo still works. `npm run test:soak` dies at
// every line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardSteps, stepName } from '@stillpoint/engine';
import {
  addressesOf,
  agreed,
  createMixedProject,
  readCounters,
  setCounter,
} from './fixture/mixed-project.ts';
import type { Project } from './fixture/project.ts';
import { openShopServer } from './fixture/shop-server.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;

const sources = [
  { name: 'db', closes: true },
  { name: 'shop', closes: true },
  { name: 'cache', closes: false },
  { name: 'uploads', closes: false },
  { name: '.', closes: false },
];

/** Every line of a restore's journal, from the table of steps. */
const lines = [
  'begun',
  'ready',
  ...forwardSteps(sources).flatMap((step) => [
    `forward ${stepName(step)} begun`,
    `forward ${stepName(step)} done`,
  ]),
  'end',
];
const everyPoint = lines.flatMap((line) => [`before ${line}`, `after ${line}`]);

const OLD = 1;
const NEW = 2;

/** Kills the command at the point, then lets the next command end the matter; resolves to the number that all agree on. */
async function dieAt(project: Project, args: readonly string[], point: string): Promise<number> {
  await project.stillpoint(args, { exit: 137, env: { STILLPOINT_CRASH_AT: point } });
  return agreed(await readCounters(project.directory, await addressesOf(project)), point);
}

// In `npm test` crash.test.ts dies at the steps of a smaller project.
test(
  'killed -9 in the switch of five kinds of source: all before or all after',
  {
    skip: soak ? false : 'runs in the soak',
  },
  async (t) => {
    await using server = await openShopServer(t);
    if (server === undefined) return;
    await using project = await createMixedProject(await server.createDatabase('shop'));
    await setCounter(project, OLD);
    await project.stillpoint(['snapshot', '--name', 'old-state']);
    await setCounter(project, NEW);
    const addresses = await addressesOf(project);
    const outcomes = new Map<number, number>([
      [OLD, 0],
      [NEW, 0],
    ]);
    const count = (n: number): void => void outcomes.set(n, outcomes.get(n)! + 1);
    for (const point of everyPoint) {
      const n = await dieAt(project, ['restore', 'old-state', '--yes'], point);
      count(n);
      if (n === OLD) {
        const back = await dieAt(project, ['undo', '--yes'], point);
        count(back);
        if (back === OLD) await project.stillpoint(['undo', '--yes']);
      }
      const now = await readCounters(project.directory, addresses);
      assert.equal(agreed(now, `${point}, undone`), NEW);
    }
    t.diagnostic(`ended before: ${outcomes.get(NEW)}, after: ${outcomes.get(OLD)}`);
    assert.ok(
      outcomes.get(OLD)! > 0 && outcomes.get(NEW)! > 0,
      'some were finished, some taken back',
    );
  },
);
