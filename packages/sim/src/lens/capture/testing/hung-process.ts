// A process that records, gives up the wait for a disk that does not answer, and leaves; its last read or write keeps it from its end.
// `hung-process.ts DIRECTORY`
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { writeSync } from 'node:fs';
import { lensFileName } from '../../names.ts';
import { createLensCapture } from '../index.ts';

const [directory = ''] = process.argv.slice(2);
const topology = { kind: 'grid', rows: 1, columns: 1 } as const;
const given = new AbortController();
const capture = await createLensCapture({
  directory,
  runId: 'run',
  world: 'flat',
  fields: [
    {
      name: 'heat',
      unit: 'K',
      components: [],
      topology,
      reconstruction: 'nearest',
      precision: { type: 'float64' },
    },
  ],
  chunkTicks: 10,
  // Told after a while: its thread has come to the pipe, and waits there for somebody who reads.
  onEvent: ({ type }) => {
    if (type === 'lens:waiting') given.abort();
  },
});
const pipe = path.join(directory, `${lensFileName({ start: 0, end: 10 }, 'journal')}.tmp`);
execFileSync('mkfifo', [pipe]);
const heat = { count: 1, values: Float64Array.of(1), positions: null };
capture.offer({ tick: 1, simTimeSeconds: 1, fields: new Map([['heat', heat]]) });
const why = await capture.close({ signal: given.signal }).then(() => 'it was closed', String);
process.on('exit', () => writeSync(1, `${why}\n`));
