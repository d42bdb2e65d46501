// Ranges of a source: what is read together, how much ahead, and what becomes of a failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RangeSource } from '../zip/contract.ts';
import { readRanges } from './read-ranges.ts';

const CONTENT = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);

interface Asked {
  readonly source: RangeSource;
  readonly ranges: (readonly [offset: number, length: number])[];
  /** Reads that were under way together. */
  most: number;
}

/** A source in memory that counts. `broken`: the read that begins there fails. */
function counting(broken = -1): Asked {
  let underWay = 0;
  const asked: Asked = {
    ranges: [],
    most: 0,
    source: {
      name: 'memory',
      sizeBytes: CONTENT.length,
      async read(offset, length, signal) {
        signal?.throwIfAborted();
        asked.ranges.push([offset, length]);
        underWay += 1;
        asked.most = Math.max(asked.most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        if (offset === broken) throw new RangeError('it cannot be read');
        return CONTENT.slice(offset, offset + length);
      },
    },
  };
  return asked;
}

const place = (offsetBytes: number, lengthBytes: number) => ({ offsetBytes, lengthBytes });

test('places that follow each other are read at once, and each gets its own bytes in order', async () => {
  const asked = counting();
  const places = [place(10, 5), place(15, 20), place(35, 1), place(100, 7), place(50, 3)];
  const found: number[] = [];
  await readRanges(asked.source, places, ({ offsetBytes, lengthBytes }, bytes) => {
    found.push(offsetBytes);
    assert.deepEqual(bytes, CONTENT.subarray(offsetBytes, offsetBytes + lengthBytes));
  });
  assert.deepEqual(
    found,
    places.map(({ offsetBytes }) => offsetBytes),
  );
  assert.deepEqual(asked.ranges, [
    [10, 26],
    [100, 7],
    [50, 3],
  ]);
});

test('so many are read ahead and no more, and nothing is read for nobody', async () => {
  const asked = counting();
  const places = Array.from({ length: 40 }, (_, at) => place(at * 100, 10));
  let used = 0;
  await readRanges(asked.source, places, () => {
    used += 1;
  });
  assert.equal(used, 40);
  assert.ok(asked.most > 1 && asked.most <= 5, `${asked.most} together`);
  await readRanges(asked.source, [], () => assert.fail('there is nothing'));
  assert.equal(asked.ranges.length, 40);
});

test('the first that cannot be read ends it, and so does a signal', async () => {
  const places = Array.from({ length: 10 }, (_, at) => place(at * 100, 10));
  const used: number[] = [];
  const use = ({ offsetBytes }: { readonly offsetBytes: number }): void => {
    used.push(offsetBytes);
  };
  await assert.rejects(readRanges(counting(300).source, places, use), /it cannot be read/);
  assert.deepEqual(used, [0, 100, 200]);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(readRanges(counting().source, places, use, signal), /enough/);
});
