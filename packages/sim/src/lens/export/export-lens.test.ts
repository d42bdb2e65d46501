import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directoryPlace, filePlace } from '../read/index.ts';
import type { LensPlace } from '../read/index.ts';
import type { Recorder } from '../record/index.ts';
import {
  frameAt,
  goingOn,
  heat as smallHeat,
  temporaryDirectory,
  wind,
  writeLens,
} from '../testing/small-lens.ts';
import { smallDisk } from '../testing/small-disk.ts';
import { LENS_EXPORT_FORMATS, exportLens, type LensExportFormat } from './index.ts';
import { oddLens, oddTicks } from './testing/odd-lens.ts';

const extension = (format: LensExportFormat): string => `out.${format}`;
const SECOND = 'lens_snapshot_0000000050-0000000100.lens';

/** Of a csv: the ticks that it has rows of. */
function ticksIn(file: string): readonly number[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(1);
  return [...new Set(lines.map((line) => Number(line.split(',')[0])))];
}

test('some fields, some ticks, each so many; of one file, of a run that goes on', async (t) => {
  const { directory, run } = await oddLens(t);
  const output = path.join(directory, 'it.csv');
  const some = { format: 'csv', output, fields: ['heat'] } as const;
  const events: string[] = [];
  await exportLens(directoryPlace(run), {
    ...some,
    ticks: { from: 20, to: 120, every: 4 },
    onProgress: ({ type }) => events.push(type),
  });
  assert.deepEqual(ticksIn(output), [20, 40, 60, 80, 100, 120]);
  assert.deepEqual([...new Set(events)], ['phase:started', 'bytes:advanced']);
  rmSync(output);
  await exportLens(filePlace(path.join(run, SECOND)), some);
  assert.deepEqual(ticksIn(output), [50, 55, 60, 65, 70, 75, 80, 85, 90, 95]);
  rmSync(output);
  // The last frame is in the journal.
  await exportLens(directoryPlace(run), some);
  assert.deepEqual(ticksIn(output), oddTicks);
  rmSync(output);
  const none = await exportLens(directoryPlace(run), { ...some, ticks: { from: 1000 } });
  assert.deepEqual([none.frames, none.rows, ticksIn(output)], [0, 0, []]);
});

test('the tables of a run that goes on end at the same tick', async (t) => {
  const directory = temporaryDirectory(t);
  await using recorder = disposable(await goingOn(directory, 'one'));
  const place = directoryPlace(path.join(directory, 'one'));
  let tick = 300;
  const growing: LensPlace = {
    ...place,
    async list(signal) {
      await recorder.append(frameAt((tick += 10)));
      return await place.list(signal);
    },
  };
  const output = path.join(directory, 'out');
  const done = await exportLens(growing, { format: 'csv', output, partition: true });
  const last = readdirSync(output).map((table) => {
    const files = readdirSync(path.join(output, table, 'run=one')).toSorted();
    return ticksIn(path.join(output, table, 'run=one', files.at(-1)!, 'part-0.csv')).at(-1);
  });
  assert.equal(last.length, 3);
  assert.equal(new Set(last).size, 1, last.join());
  assert.ok(last[0]! > 210 && last[0]! < tick, `${last[0]}`);
  assert.ok(done.frames > 21);
});

function disposable(recorder: Recorder): AsyncDisposable & Recorder {
  return Object.assign(recorder, { [Symbol.asyncDispose]: () => recorder.close() });
}

test('fields that are several tables are no one file: it says which they are', async (t) => {
  const { directory, run } = await oddLens(t);
  const output = path.join(directory, 'it.parquet');
  await assert.rejects(exportLens(directoryPlace(run), { format: 'parquet', output }), {
    code: 'LENS_EXPORT_TABLES',
    message: /sphere-2x4 \(heat,Heat\); grid-3x4 .*; points-drift \(drift\)/,
  });
  await assert.rejects(
    exportLens(directoryPlace(run), { format: 'zarr', output, partition: true }),
    { code: 'LENS_EXPORT_PARTITION' },
  );
  await assert.rejects(
    exportLens(directoryPlace(run), { format: 'csv', output, fields: ['mood'] }),
    { code: 'LENS_FIELD_UNKNOWN' },
  );
  const twice = [directoryPlace(run), filePlace(path.join(run, SECOND))];
  await assert.rejects(exportLens(twice, { format: 'csv', output, fields: ['heat'] }), {
    code: 'LENS_EXPORT_TWICE',
  });
  assert.equal(existsSync(output), false);
});

test('what is there is left as it is, and where nothing can be written it says why', async (t) => {
  const { directory, run } = await oddLens(t);
  for (const format of LENS_EXPORT_FORMATS) {
    const output = path.join(directory, extension(format));
    const options = { format, output, fields: ['heat'] };
    mkdirSync(output);
    await assert.rejects(exportLens(directoryPlace(run), options), { code: 'LENS_EXPORT_EXISTS' });
    rmSync(output, { recursive: true });
    writeFileSync(output, 'mine');
    await assert.rejects(exportLens(directoryPlace(run), options), { code: 'LENS_EXPORT_EXISTS' });
    assert.equal(readFileSync(output, 'utf8'), 'mine');
    for (const parent of ['absent', extension(format)])
      await assert.rejects(
        exportLens(directoryPlace(run), { ...options, output: path.join(directory, parent, 'it') }),
        { code: 'LENS_EXPORT_REFUSED' },
      );
  }
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('what appears under the name while it is written is not replaced', async (t) => {
  const { directory, run } = await oddLens(t);
  for (const format of ['csv', 'zarr'] as const) {
    const output = path.join(directory, extension(format));
    const made = exportLens(directoryPlace(run), {
      format,
      output,
      fields: ['heat'],
      onProgress: ({ type }) => {
        if (type !== 'bytes:advanced' || existsSync(output)) return;
        mkdirSync(output);
        writeFileSync(path.join(output, 'mine'), '');
      },
    });
    await assert.rejects(made, { code: 'LENS_EXPORT_EXISTS' });
    assert.deepEqual(readdirSync(output), ['mine']);
  }
});

test('what is damaged is left out and named, and the other fields are there', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeLens(directory, 'one', { to: 350 });
  const file = path.join(run, 'lens_snapshot_0000000100-0000000200.lens');
  const bytes = readFileSync(file);
  // In the values of heat: they are the first, and the largest.
  bytes[Math.floor(bytes.length / 3)]! ^= 1;
  writeFileSync(file, bytes);
  const good = Array.from({ length: 35 }, (_, at) => (at + 1) * 10);
  for (const format of LENS_EXPORT_FORMATS) {
    const output = path.join(directory, extension(format));
    const isArrays = format === 'hdf5' || format === 'zarr';
    const done = await exportLens(directoryPlace(run), {
      format,
      output,
      fields: isArrays ? [smallHeat.name, wind.name] : [smallHeat.name],
    });
    assert.equal(done.damaged.length, 1);
    assert.match(done.damaged[0]!, /0000000100-0000000200\.lens is damaged: .*heat/);
    if (format === 'csv')
      assert.deepEqual(
        ticksIn(output),
        good.filter((at) => at < 100 || at >= 200),
      );
    if (format === 'zarr') {
      const facts = JSON.parse(readFileSync(path.join(output, 'zarr.json'), 'utf8')) as {
        readonly attributes: { readonly stillpoint: { readonly damaged: readonly string[] } };
      };
      assert.deepEqual(facts.attributes.stillpoint.damaged, done.damaged);
    }
  }
  // Nothing of it can be read.
  for (const name of readdirSync(run))
    if (name.endsWith('.lens')) writeFileSync(path.join(run, name), 'x');
  const output = path.join(directory, 'none.csv');
  await assert.rejects(
    exportLens(directoryPlace(run), { format: 'csv', output, fields: ['heat'] }),
    { code: 'LENS_SOME_DAMAGED' },
  );
});

test('frames that are pruned before they are read are not there, and nothing fails', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeLens(directory, 'one', { to: 350 });
  const place = directoryPlace(run);
  const pruned: LensPlace = {
    ...place,
    open: async (name, signal) => {
      if (name.includes('0000000200-')) rmSync(path.join(run, name), { force: true });
      return await place.open(name, signal);
    },
  };
  const output = path.join(directory, 'it.csv');
  const done = await exportLens(pruned, { format: 'csv', output, fields: ['heat'] });
  assert.deepEqual([done.frames, ticksIn(output).length], [25, 25]);
});

test('nothing is left of an export that is aborted, or fails', async (t) => {
  const { directory, run } = await oddLens(t);
  const before = readdirSync(directory);
  for (const format of LENS_EXPORT_FORMATS)
    for (const partition of [false, true]) {
      if (partition && (format === 'zarr' || format === 'hdf5')) continue;
      const output = path.join(directory, extension(format));
      const stopped = new AbortController();
      let told = 0;
      const exported = exportLens(directoryPlace(run), {
        format,
        output,
        partition,
        fields: ['heat'],
        signal: stopped.signal,
        onProgress: ({ type }) => {
          if (type === 'bytes:advanced' && told++ === 10) stopped.abort();
        },
      });
      await assert.rejects(exported, { name: 'AbortError' });
      const place = directoryPlace(run);
      const broken: LensPlace = {
        ...place,
        open: async (name, signal) => {
          if (name.includes('0000000100-')) throw new Error('the cable is out');
          return await place.open(name, signal);
        },
      };
      await assert.rejects(
        exportLens(broken, { format, output, partition, fields: ['heat'] }),
        /the cable is out/,
      );
      assert.deepEqual(readdirSync(directory), before);
    }
});

test('a disk that becomes full is said to be, and nothing is left on it', async (t) => {
  const { run } = await oddLens(t);
  const disk = smallDisk(t, 1024 * 1024);
  if (disk === undefined) return;
  disk.fill(0);
  for (const format of LENS_EXPORT_FORMATS) {
    const output = path.join(disk.directory, extension(format));
    const exported = exportLens(directoryPlace(run), { format, output, fields: ['heat'] });
    await assert.rejects(exported, {
      code: 'LENS_EXPORT_FULL',
      message: `The disk became full while ${output} was written.`,
    });
    assert.deepEqual(readdirSync(disk.directory), ['ballast']);
  }
});

test('killed in the middle, there is nothing under the name', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeLens(directory, 'one', { to: 1500 });
  const program = fileURLToPath(new URL('testing/export-process.ts', import.meta.url));
  for (const format of ['csv', 'zarr'] as const) {
    const output = path.join(directory, extension(format));
    const args = format === 'csv' ? ['partition'] : [];
    const child = spawn(process.execPath, [
      ...process.execArgv,
      program,
      run,
      output,
      format,
      ...args,
    ]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.equal(existsSync(output), false);
    const left = readdirSync(directory).filter((name) => name.startsWith(extension(format)));
    assert.ok(
      left.every((name) => name.endsWith('.tmp')),
      left.join(),
    );
    // The next one is not hindered by it.
    const done = await exportLens(directoryPlace(run), { format, output, fields: ['heat'] });
    assert.equal(done.frames, 150);
  }
});

test('the directory of a lens is not written to', async (t) => {
  const { directory, run } = await oddLens(t);
  const look = (): readonly string[] =>
    readdirSync(run).map((name) => `${name} ${statSync(path.join(run, name)).mtimeMs}`);
  const before = look();
  await exportLens(directoryPlace(run), { format: 'zarr', output: path.join(directory, 'it') });
  assert.deepEqual(look(), before);
});
