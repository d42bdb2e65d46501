// Processes that save a state and a row beside it, killed at any moment: both are there, or neither.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../database/index.ts';
import { whyNot } from '../database/testing/index.ts';
import { createDocuments } from './index.ts';
import { openDocuments } from './testing/open-documents.ts';

const kills = process.env['STILLPOINT_SOAK'] === undefined ? 20 : 200;
/** At once: most of a short life is spent starting. */
const ABREAST = 4;
const program = fileURLToPath(new URL('./testing/saving.ts', import.meta.url));

async function killedAfter(steps: number, args: readonly string[]): Promise<void> {
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--test'));
  const child = spawn(process.execPath, [...flags, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [taken, stderr] = [0, ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.on('data', (bytes: Buffer) => {
    taken += bytes.length;
    if (taken >= steps) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  assert.equal(signal, 'SIGKILL', stderr);
}

test(
  `a state and a row of the same transaction, killed ${kills} times: both or neither`,
  { skip: whyNot('embedded-18') },
  async (t) => {
    const { at: address, role, server } = await openDocuments(t);
    const at = address as string;
    let left = kills;
    const life = async (runId: string): Promise<void> => {
      while (left > 0) {
        const number = left;
        left -= 1;
        // Each of the four steps of a transaction, in the first ones and in later ones.
        await killedAfter(1 + ((number * 7) % 29), [at, role, runId]);
      }
    };
    await Promise.all(Array.from({ length: ABREAST }, (_, n) => life(`run ${n}`)));
    // A backend that has not noticed may still commit. Now none is left, and what counts is what a recovery finds.
    await server!.kill();
    await server!.start();
    await using database = await openDatabase({ at, role });
    const documents = await createDocuments(database);
    const { rows } = await database.query<{
      run: string;
      head: number;
      documents: number[];
      steps: number[] | null;
    }>(
      `SELECT run, runs.version AS head,
         (SELECT array_agg(version ORDER BY version) FROM state_documents AS d WHERE d.run = runs.run) AS documents,
         (SELECT array_agg(version ORDER BY version) FROM steps AS s WHERE s.run = runs.run) AS steps
       FROM state_runs AS runs`,
    );
    for (const { run, head, documents: saved, steps } of rows) {
      const all = Array.from({ length: head }, (_, n) => n + 1);
      assert.deepEqual([saved, steps], [all, all], run);
      const state = await documents.latest(run);
      assert.equal(state?.exact === false && (state.document as { n: number }).n, head - 1);
    }
    const versions = rows.reduce((sum, { head }) => sum + head, 0);
    assert.ok(versions > kills / 2, `only ${versions} versions were saved in ${kills} lives`);
    t.diagnostic(`${versions} versions were saved in ${kills} lives`);
  },
);
