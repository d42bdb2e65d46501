#!/usr/bin/env node
// The launcher: plain JavaScript that any Node can read. It starts the command with a Node that is new
// enough (see find-node.js) and otherwise stays out of the way: same arguments, same exit code, signals
// passed on. Everything else lives in ../src (in the repository) or ../dist (in the published package).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findNode, nodeTooOld } from './find-node.js';

const source = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const built = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const fromSource = existsSync(source);

const node = findNode();
if (node === undefined) {
  process.stderr.write(`${nodeTooOld(process.version)}\n`);
  process.exit(1);
}

const flags = ['--no-warnings=ExperimentalWarning'];
if (fromSource) flags.push('--conditions=@stillpoint/source');
const command = [...flags, fromSource ? source : built, ...process.argv.slice(2)];

if (node === process.execPath && typeof process.execve === 'function') {
  process.execve(node, [node, ...command], process.env); // replaces this process; never returns
}

// An older Node cannot replace itself, so it waits beside. The channel ties the two lives together:
// when this process is killed, the channel closes and start.ts ends itself as abruptly.
const child = spawn(node, command, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });

// A terminal sends its signals to the whole process group; these are for a `kill` aimed at us alone.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) child.kill('SIGINT');
});

child.on('error', (error) => {
  process.stderr.write(`stillpoint: cannot start ${node}: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 1));
});
