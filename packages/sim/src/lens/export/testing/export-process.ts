// Exports a lens, for a test that kills it. `export-process.ts RUN OUTPUT FORMAT [partition]`
import { directoryPlace } from '../../read/index.ts';
import { exportLens } from '../index.ts';
import type { LensExportFormat } from '../contract.ts';

const [run = '', output = '', format = '', partition] = process.argv.slice(2);
let told = 0;
await exportLens(directoryPlace(run), {
  format: format as LensExportFormat,
  output,
  partition: partition !== undefined,
  onProgress: (event) => {
    // Whoever waits to kill this sees that it has begun.
    if (event.type === 'bytes:advanced' && told++ === 3) process.stdout.write('under way\n');
  },
});
