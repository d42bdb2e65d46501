import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { PgBoss } from 'pg-boss';
import { checkChambers } from '../chambers/index.ts';
import { openDatabase } from '../database/index.ts';
import { bossDb, bossSchemaVersion } from './boss.ts';
import { bossTables, queuePart } from './part.ts';
import { openTestQueue } from './testing/open-queue.ts';

it("pg-boss's tables are those of the version that was released", () => {
  const text = bossTables();
  assert.match(
    text,
    new RegExp(`INSERT INTO queue\\.version\\(version\\) VALUES \\('${bossSchemaVersion}'\\)`),
  );
  assert.doesNotMatch(text, /\b(?:BEGIN|COMMIT);|SET LOCAL|CREATE SCHEMA/);
  // Another text is another database: keep this one for step 1, and add a step with the plan of the migration.
  const digest = createHash('sha256').update(text).digest('hex');
  assert.equal(digest, 'ae00aec9d678e83f212e153f1211335387ad672c479a9069ad45e235217c01d7');
});

describe('the part', () => {
  for (const kind of ['embedded-18', 'debian-15'] as const) {
    it(`is installed on ${kind} as pg-boss and doctor expect it`, async (t) => {
      const { url } = await openTestQueue(t, { kind });
      await using owner = await openDatabase({ at: url });
      assert.deepEqual(await checkChambers(owner, [queuePart]), []);
      const boss = new PgBoss({
        db: bossDb(owner),
        schema: 'queue',
        migrate: false,
        supervise: false,
        schedule: false,
        registerInstance: false,
      });
      await boss.start();
      const drift = await boss.detectSchemaDrift();
      await boss.stop({ graceful: false });
      assert.equal(drift.ok, true, JSON.stringify(drift));
    });
  }

  it('gives the application no right to change tables', async (t) => {
    const { database } = await openTestQueue(t);
    await assert.rejects(database.query('DROP TABLE queue.progress'), /must be owner/);
    await assert.rejects(database.query('TRUNCATE queue.job'), /permission denied/);
  });
});
