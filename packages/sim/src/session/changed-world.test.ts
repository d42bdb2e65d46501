// A checkpoint of another world: refused with the names of what changed, or taken over by name with every loss told.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { createCheckpointWriter, openCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointFacts, OpenCheckpoint } from '../checkpoint/contract.ts';
import { identify } from '../identity/index.ts';
import { resumeRun } from '../runner/index.ts';
import type { Resumed } from '../runner/contract.ts';
import { loadWorld } from '../world/index.ts';
import type { LoadedWorld } from '../world/contract.ts';
import { simulate } from './index.ts';

const place = mkdtempSync(path.join(os.tmpdir(), 'changed-'));
after(() => rmSync(place, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => path.join(place, String((made += 1)));

const source = `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'herd',
  parameters: { food: { value: 5 } },
  signals: { warmth: {}, wind: { shape: [2] } },
  entities: { cow: { capacity: 8, members: { weight: {}, place: { shape: [2] } } } },
  init(w) {
    w.current.warmth[0] = 100;
    for (let born = 0; born < 5; born += 1) w.entities.cow.born({ weight: 1000 + born });
  },
  strata: {
    air: { step(w) { w.current.warmth[0] += w.random.float(); w.current.wind[0] = w.tick; } },
    life: { step(w) { w.entities.cow.current.place[0] = w.random.float(); } },
  },
  eras: {
    calm: { dtSeconds: 1, next: [{ to: 'storm', when: (w) => w.tick === 5 }] },
    storm: { dtSeconds: 2 },
  },
});
`;

async function loaded(text: string): Promise<LoadedWorld> {
  const directory = fresh();
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'world.ts'), text);
  return await loadWorld(directory);
}

async function writtenBy(
  text: string,
  parameters: Readonly<Record<string, number>> = {},
): Promise<string> {
  const store = { directory: fresh(), beginning: { begin: 'new' } } as const;
  const end = await simulate({ loaded: await loaded(text), steps: 9, store, parameters });
  return end.checkpoints.last!.file;
}

const swap = (from: string, to: string): string => {
  assert.ok(source.includes(from), from);
  return source.replace(from, to);
};

async function resumed(file: string, text: string, force: boolean): Promise<Resumed> {
  const world = await loaded(text);
  await using checkpoint = await openCheckpoint(file);
  return await resumeRun({ ...world, checkpoint, identity: await identify(world), force });
}

interface Seen {
  readonly signals: Readonly<Record<string, Float64Array>>;
  readonly cow: {
    readonly count: number;
    readonly members: Readonly<Record<string, Float64Array>>;
  };
}
function seen({ run }: Resumed): Seen {
  const { signals, entities } = run.view() as unknown as {
    signals: Seen['signals'];
    entities: { cow: Seen['cow'] };
  };
  return { signals, cow: entities.cow };
}

describe('a changed world', () => {
  it('is refused, and what changed is named', async () => {
    const file = await writtenBy(source);
    await assert.rejects(
      resumed(file, swap('warmth: {}', "warmth: { unit: 'K' }"), false),
      (error) => {
        assert.ok(isFailure(error, 'RUN_WORLD_CHANGED'));
        assert.match(error.message, /signal warmth \(\w{8} to \w{8}\); module world\.ts/);
        return true;
      },
    );
  });

  it('is taken over by name, and every loss is told', async () => {
    const file = await writtenBy(source, { food: 7 });
    const other = source
      .replace('food: { value: 5 }', 'food: { value: 6 }, rain: { value: 3 }')
      .replace('warmth: {}, wind: { shape: [2] }', 'snow: { shape: [3] }, warmth: {}')
      .replace('weight: {}, place: { shape: [2] }', 'weight: {}, place: { shape: [3] }')
      .replace('w.current.warmth[0] = 100;', 'w.current.snow.fill(4);')
      .replace('w.current.wind[0] = w.tick;', '')
      .replace('life: {', 'calving: { step() {} }, living: {');
    const result = await resumed(file, other, true);
    assert.deepEqual(result.forced, {
      dropped: ['stratum life', 'signal wind'],
      defaulted: [
        'stratum calving (its random numbers begin anew)',
        'stratum living (its random numbers begin anew)',
        'signal snow',
        'member cow.place',
        'parameter rain',
      ],
    });
    const { signals, cow } = seen(result);
    assert.deepEqual(Array.from(signals['snow']!), [4, 4, 4]);
    assert.ok(signals['warmth']![0]! > 100);
    assert.equal(cow.count, 5);
    assert.deepEqual(Array.from(cow.members['weight']!), [1000, 1001, 1002, 1003, 1004, 0, 0, 0]);
    assert.deepEqual(result.run.parameters, { food: 7, rain: 3 });
    assert.deepEqual([result.run.tick, result.run.era()], [9, 'storm']);
    result.run.step();
    assert.equal(result.run.simTimeSeconds, 5 + 4 * 2 + 2);
  });

  it('goes on as a new run, so that the checkpoints of the old one are left alone', async () => {
    const file = await writtenBy(source);
    const directory = path.dirname(path.dirname(file));
    const store = { directory, beginning: { begin: 'resume' }, force: true, keep: 1 } as const;
    const changed = await loaded(swap('weight: 1000', 'weight: 2000'));
    const end = await simulate({ loaded: changed, steps: 3, store });
    assert.notEqual(path.basename(path.dirname(file)), end.runId);
    await using checkpoint = await openCheckpoint(file);
    await checkpoint.verify();
    const same = await simulate({
      loaded: await loaded(source),
      steps: 3,
      store: { ...store, beginning: { begin: 'resume', from: file } },
    });
    assert.equal(path.basename(path.dirname(file)), same.runId);
  });

  it('keeps each stratum its random numbers, wherever it stands', async () => {
    const file = await writtenBy(source);
    const [air = ''] = /^ {4}air: .*\n/m.exec(source) ?? [];
    const moved = source.replace(air, '').replace(/^( {4}life: .*\n)/m, `$1${air}`);
    const one = await resumed(file, source, false);
    const other = await resumed(file, moved, true);
    assert.deepEqual(other.forced, { dropped: [], defaulted: [] });
    for (const { run } of [one, other]) run.step();
    assert.deepEqual(seen(other).signals['warmth'], seen(one).signals['warmth']);
    assert.deepEqual(seen(other).cow.members['place'], seen(one).cow.members['place']);
  });

  it('that lacks the era begins in its first one', async () => {
    const other = swap("next: [{ to: 'storm', when: (w) => w.tick === 5 }]", '').replace(
      'storm: { dtSeconds: 2 },',
      '',
    );
    const result = await resumed(await writtenBy(source), other, true);
    assert.deepEqual(result.forced?.defaulted, ['era (it was in storm)']);
    assert.equal(result.run.era(), 'calm');
  });

  it('with too little room is refused also when forced', async () => {
    const file = await writtenBy(source);
    await assert.rejects(
      resumed(file, swap('capacity: 8', 'capacity: 5').replace('born < 5', 'born < 4'), true).then(
        (result) => {
          assert.equal(seen(result).cow.count, 5);
          return resumed(
            file,
            swap('capacity: 8', 'capacity: 4').replace('born < 5', 'born < 4'),
            true,
          );
        },
      ),
      (error) => isFailure(error, 'RUN_CAPACITY_BELOW') && error.data['alive'] === 5,
    );
  });
});

describe('a checkpoint', () => {
  const altered = async (change: (facts: CheckpointFacts) => CheckpointFacts): Promise<string> => {
    const file = await writtenBy(source);
    const directory = fresh();
    mkdirSync(directory);
    await using checkpoint = await openCheckpoint(file);
    const writer = createCheckpointWriter({ runDirectory: directory });
    const sections = await Promise.all(
      checkpoint.sections.map((entry) => sectionOf(checkpoint, entry)),
    );
    writer.offer({ facts: change(checkpoint.facts), sections, release: () => {} });
    const [outcome] = await writer.drain();
    await writer.close();
    assert.equal(outcome?.outcome, 'written');
    return path.join(directory, path.basename(file));
  };

  it('of another runtime is warned of', async () => {
    const file = await altered((facts) => ({
      ...facts,
      runtime: { ...facts.runtime, v8: '1.2.3', arch: 'sparc' },
    }));
    const { warnings } = await resumed(file, source, false);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /V8 1\.2\.3, now .*processor sparc, now /);
  });

  it('whose state is not the one that was hashed is refused', async () => {
    const file = await altered((facts) => ({ ...facts, stateHash: facts.world.hash }));
    await assert.rejects(resumed(file, source, false), (error) => isFailure(error, 'CKPT_DAMAGED'));
  });

  it('of a loop without a world is refused, and so is what is no checkpoint', async () => {
    const file = await altered((facts) => ({ ...facts, own: { any: 1 } }));
    await assert.rejects(resumed(file, source, false), (error) => isFailure(error, 'RUN_OWN_LOOP'));
    const lens = path.join(fresh(), 'frames.lens');
    mkdirSync(path.dirname(lens));
    writeFileSync(
      lens,
      'STPTLENS and more than enough bytes to be looked at as a header of something',
    );
    const store = { directory: fresh(), beginning: { begin: 'resume', from: lens } } as const;
    await assert.rejects(simulate({ loaded: await loaded(source), steps: 1, store }), (error) =>
      isFailure(error, 'CKPT_FOREIGN'),
    );
  });
});

async function sectionOf(
  checkpoint: OpenCheckpoint,
  entry: OpenCheckpoint['sections'][number],
): Promise<Parameters<ReturnType<typeof createCheckpointWriter>['offer']>[0]['sections'][number]> {
  const bytes = await checkpoint.read(entry.name);
  const buffer = new SharedArrayBuffer(Math.max(8, bytes.length));
  new Uint8Array(buffer).set(bytes);
  const { name, kind, dtype, shape } = entry;
  return { name, kind, dtype, shape, buffer, offsetBytes: 0, lengthBytes: bytes.length };
}
