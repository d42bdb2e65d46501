// Runs a TypeScript file of this repository with the Node it is written for, whatever `node` is here.
// usage: node tools/on-node24.js FILE.ts [arguments]
import { spawnSync } from 'node:child_process';
import { findNode, nodeTooOld } from '../packages/stillpoint/bin/find-node.js';

const node = findNode();
if (node === undefined) {
  process.stderr.write(`${nodeTooOld(process.version)}\n`);
  process.exit(1);
}
const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];
const result = spawnSync(node, [...flags, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);
