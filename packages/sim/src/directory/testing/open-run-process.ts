// A process that opens a run to write it, says what came of it, and holds it until its input ends.
// usage: open-run-process.ts DIRECTORY RUN. It begins when a line comes, so that several begin at once.
import { createInterface } from 'node:readline';
import { isFailure } from '@stillpoint/core';
import { openRunDirectory } from '../index.ts';
import { runFacts } from './run-facts.ts';

const [directory = '', runId = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
const lines = createInterface({ input: process.stdin });
for await (const _ of lines) {
  try {
    await openRunDirectory({ directory, runId, create: runFacts });
    process.stdout.write('held\n');
  } catch (error) {
    process.stdout.write(`${isFailure(error) ? error.code : String(error)}\n`);
  }
}
