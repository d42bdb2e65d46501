// Runs the demonstration and draws what it printed: docs/demo.svg, the README's picture. Nothing in it is made up; only long
// waits are shortened.
//   node tools/on-node24.js tools/record-demo.ts
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Host } from '../packages/stillpoint/src/cli/host.ts';
import { runCommand } from '../packages/stillpoint/src/cli/program.ts';
import { terminalPicture, type WrittenLine } from './terminal-picture.ts';
import { ROOT } from './tidy/source-files.ts';

const COLUMNS = 104;
const lines: WrittenLine[] = [{ text: '$ npm start', atMs: 0 }];
const startedMs = performance.now();
let rest = '';

const host: Host = {
  cwd: process.cwd(),
  environment: { ...process.env, NO_COLOR: '' },
  stdout: {
    terminal: true,
    columns: () => COLUMNS,
    write(text) {
      process.stdout.write(text);
      const parts = `${rest}${text}`.split('\n');
      rest = parts.pop() ?? '';
      const atMs = performance.now() - startedMs;
      for (const part of parts) lines.push({ text: part, atMs });
    },
  },
  stderr: { terminal: false, columns: () => COLUMNS, write: (text) => process.stderr.write(text) },
  interactive: false,
  ask: async () => '',
  signal: new AbortController().signal,
  handSignalsTo: () => {},
  dieBy: () => process.exit(1),
  now: () => new Date(),
};

const status = await runCommand(['demo'], host);
if (status === 0) {
  const shown = lines.map((line) => ({ ...line, text: line.text.replace(/in \/[\w/.-]+/, '') }));
  writeFileSync(path.join(ROOT, 'docs/demo.svg'), terminalPicture('stillpoint demo', shown));
}
process.exitCode = status;
