// Exports a lens, and says how much memory that took at most. `export-process.ts RUN OUTPUT FORMAT [partition]`
import { rm } from 'node:fs/promises';
import { directoryPlace } from '../../read/index.ts';
import { keepHeapSmall, peakBytes } from '../../testing/peak-memory.ts';
import { exportLens } from '../index.ts';
import type { LensExportFormat } from '../contract.ts';

keepHeapSmall();
const [run = '', output = '', format = '', partition] = process.argv.slice(2);
let told = 0;
const done = await exportLens(directoryPlace(run), {
  format: format as LensExportFormat,
  output,
  partition: partition !== undefined,
  onProgress: (event) => {
    // Whoever waits to kill this sees that it has begun.
    if (event.type === 'bytes:advanced' && told++ === 3) process.stdout.write('under way\n');
  },
});
process.stdout.write(`${JSON.stringify({ rows: done.rows, peakBytes: peakBytes() })}\n`);
await rm(output, { recursive: true });
