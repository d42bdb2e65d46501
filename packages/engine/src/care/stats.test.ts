// Statistics are what the store and the snapshots say, to the byte; and a tally of many chunks counts right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, silent } from '@stillpoint/core';
import { createChunkTally } from './chunk-tally.ts';
import { vaultStats } from './stats.ts';
import { createCareStage } from './testing/stage.ts';

const call = { signal: new AbortController().signal, progress: silent };

test('what snapshots share, hold alone and leave behind is counted', async (t) => {
  const stage = await createCareStage(t);
  assert.equal((await vaultStats(await stage.open(), call)).deduplication, 1);
  await stage.write({
    'same.bin': { seed: 1, bytes: 40_000 },
    'first.bin': { seed: 2, bytes: 10_000 },
  });
  const first = await stage.snapshot('first');
  await stage.write({ 'first.bin': { seed: 3, bytes: 20_000 } });
  const second = await stage.snapshot('second');
  const stats = await vaultStats(await stage.open(), call);
  assert.deepEqual([stats.snapshots, stats.unreadable, stats.unusedBytes], [2, 0, 0]);
  const [older, newer] = stats.perSnapshot;
  assert.deepEqual([older!.id, newer!.id], [first.id, second.id]);
  // Half of it compresses.
  assert.ok(older!.aloneBytes > 5_000 && older!.aloneBytes < 10_000, `${older!.aloneBytes}`);
  assert.ok(newer!.aloneBytes > 10_000 && newer!.aloneBytes < 20_000, `${newer!.aloneBytes}`);
  assert.ok(stats.plainBytes > 110_000 && stats.distinctBytes < stats.plainBytes - 39_000);
  assert.ok(stats.deduplication > 1.4 && stats.compression > 1.5);
  assert.equal(stats.perSource.length, 1);
  assert.equal(stats.perSource[0]!.source, 'uploads');
  const shared = stats.storedBytes - older!.aloneBytes - newer!.aloneBytes;
  assert.equal(older!.storedBytes, shared + older!.aloneBytes);
  assert.equal(newer!.storedBytes, shared + newer!.aloneBytes);
  const stored = (await Array.fromAsync(stage.store.list('packs/'))).reduce(
    (sum, one) => sum + one.bytes,
    0,
  );
  assert.equal(stats.packBytes, stored);

  await stage.stillpoint.forget(['second']);
  const after = await vaultStats(await stage.open(), call);
  assert.equal(after.storedBytes, older!.storedBytes);
  // Its chunks, and their places in the pack's table.
  assert.ok(after.unusedBytes >= newer!.aloneBytes && after.unusedBytes < newer!.aloneBytes + 500);
});

test('a tally of many chunks knows each, its first owner and whether it is shared', () => {
  const tally = createChunkTally();
  const digests = Array.from({ length: 5_000 }, (_, n) => digestOf(Buffer.from(`chunk ${n}`)));
  const sizes = () => ({ storedBytes: 10 });
  for (const [owner, step] of [1, 2, 5].entries()) {
    for (const [n, digest] of digests.entries()) {
      if (n % step !== 0) continue;
      assert.deepEqual(tally.meet(digest, owner, sizes), {
        first: owner === 0,
        firstOfOwner: true,
      });
      assert.deepEqual(tally.meet(digest, owner, sizes), { first: false, firstOfOwner: false });
    }
  }
  assert.equal(tally.size(), 5_000);
  // Neither even nor divisible by five.
  assert.deepEqual(tally.aloneBytes(3), [20_000, 0, 0]);
});
