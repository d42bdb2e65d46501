// The restorer of the death tests: captures, changes, restores, and kills itself at a point. What a journal would hold by then
// it writes to its output, a line each.
import { writeSync } from 'node:fs';
import type { Json } from '@stillpoint/core';
import { beginUrlLife, driverOptions, never, withUrl } from '../testing.ts';

export interface RestorerArguments {
  readonly url: string;
  readonly directory: string;
  readonly point: string;
}

export interface Journaled {
  readonly after: Json;
  readonly before: Json;
  readonly undo: string;
}

const given = JSON.parse(process.argv[2] ?? '') as RestorerArguments;
const options = driverOptions(given, given.url, {
  crashPoint(point) {
    if (point === given.point) process.kill(process.pid, 'SIGKILL');
  },
});
const life = beginUrlLife(given, options);
const { driver } = life;
const taken = await life.capture();
await withUrl(given.url, (client) => client.query("INSERT INTO t VALUES (2); SELECT nextval('s')"));
const after = await life.prepare(taken);
await driver.prove(after, never);
const undo = await life.capture();
const before = await driver.placementOfUndo(undo.captured.record, life.prepareOptions(undo.id));
writeSync(1, JSON.stringify({ after, before, undo: undo.id } satisfies Journaled));
await driver.close({ verifyHeld: async () => {}, undo: undo.id });
await driver.switch(after, { undo: undo.id, progress: () => {} });
