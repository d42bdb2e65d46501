// The driver under the shared suite, on real files in each journal mode, while an application has them open.
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { driverSuite, type DriverHarness } from '../testkit/driver-suite.ts';
import { addNote, contentOf, openPlace, type Journal } from './testing/place.ts';

async function makeHarness(journal: Journal): Promise<DriverHarness> {
  const resources = new AsyncDisposableStack();
  const place = resources.use(await openPlace({ journal, rows: 3000 }));
  const application = place.connect();
  return {
    driver: async () => place.driver(),
    async driverOnNothing() {
      const empty = resources.use(await openPlace('empty'));
      return { driver: empty.driver(), content: async () => contentOf(empty.file) };
    },
    change: async () => addNote(application),
    content: async () => contentOf(place.file),
    async visible() {
      const { mode, uid, size } = await stat(place.file);
      return `${mode} ${uid} ${size} ${contentOf(place.file)}`;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

// TRUNCATE and PERSIST differ from DELETE only in what becomes of the journal's file: live-file.test.ts.
for (const journal of ['wal', 'delete'] as const) {
  driverSuite({
    test: (name, body) => test(`${journal}: ${name}`, body),
    factory: () => makeHarness(journal),
  });
}
