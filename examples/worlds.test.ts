// The example worlds: the runner makes what a loop by hand makes, and nothing of a world is found by the lint.
import assert from 'node:assert/strict';
import path from 'node:path';
import { it } from 'node:test';
import { lintWorld, loadWorld, seedStream, startRun, streamOver } from '@stillpoint/sim';
import { byHand } from './particles/by-hand.ts';

const at = (name: string): string => path.join(import.meta.dirname, name);

it('the runner makes what the same loop by hand makes', async () => {
  const { world } = await loadWorld(at('particles'));
  const run = startRun({ world, seed: 's' });
  const words = new Uint32Array(8);
  seedStream(words, 0, 's', 'stratum embers');
  seedStream(words, 4, 's', 'stratum fountain');
  const hand = byHand({ embers: streamOver(words, 0), fountain: streamOver(words, 4) });
  for (let tick = 0; tick < 600; tick += 1) {
    run.step();
    hand.step();
  }
  const { spark } = run.view().entities as Readonly<
    Record<string, { count: number; members: Readonly<Record<string, Float64Array>> }>
  >;
  assert.equal(spark!.count, hand.count);
  const members = { position: 2, velocity: 2, age: 1 } as const;
  for (const name of ['position', 'velocity', 'age'] as const)
    assert.deepEqual(
      Array.from(spark!.members[name]!.subarray(0, members[name] * hand.count)),
      Array.from(hand.sparks[name].subarray(0, members[name] * hand.count)),
    );
});

for (const name of ['terra', 'particles'])
  it(`${name} is linted`, async () => {
    assert.deepEqual(await lintWorld(await loadWorld(at(name))), []);
  });
