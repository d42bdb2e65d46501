#!/usr/bin/env node
// The launcher: plain JavaScript that any Node can read. It runs the command, in a Node that is new enough (see find-node.js), and
// otherwise stays out of the way: same arguments, same exit code, signals passed on. Everything else lives in ../src or, built from
// it, in ../dist (see find-built.js).
import { pathToFileURL } from 'node:url';
import { findBuilt, SOURCE_ENTRY } from './find-built.js';
import { findNode, isNewEnough, nodeTooOld } from './find-node.js';

const built = findBuilt();

// Here, where that can be: to start Node once more takes longer than most of what it would do.
if (built !== undefined && isNewEnough(process.version)) await import(pathToFileURL(built).href);
else await startNode();

async function startNode() {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(`${nodeTooOld(process.version)}\n`);
    process.exit(1);
  }
  const flags = ['--no-warnings=ExperimentalWarning'];
  if (built === undefined) flags.push('--conditions=@stillpoint/source');
  const command = [...flags, built ?? SOURCE_ENTRY, ...process.argv.slice(2)];
  if (node === process.execPath && typeof process.execve === 'function') {
    process.execve(node, [node, ...command], process.env); // replaces this process; never returns
  }
  await stayBeside(node, command);
}

// An older Node cannot replace itself, so it waits beside. The channel ties the two lives together:
// when this process is killed, the channel closes and start.ts ends itself as abruptly.
async function stayBeside(node, command) {
  const { spawn } = await import('node:child_process');
  const { constants } = await import('node:os');
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
}
