// Plain JavaScript on purpose: this file must run on the old Node that a machine happens to have,
// so that it can find the Node that Stillpoint is written for. No dependencies, no syntax past ES2020.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export const NODE_MINIMUM = [24, 15];

/** True when `version` ("v24.21.0") can run Stillpoint. */
export function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1]);
}

/**
 * The path of a Node that can run Stillpoint, or undefined.
 * This process's own Node if it is new enough, else the one that the optional dependency
 * `node-<os>-<arch>` brought along.
 */
export function findNode() {
  if (isNewEnough(process.version)) return process.execPath;
  const os = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve(`node-${os}-${process.arch}/package.json`);
    const binary = path.join(path.dirname(manifest), 'bin', os === 'win' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** What to tell a person whose machine has no such Node. Code NODE_TOO_OLD of the catalogue. */
export function nodeTooOld(version) {
  return [
    `stillpoint: NODE_TOO_OLD: Node ${NODE_MINIMUM.join('.')} or newer is needed, this is ${version.replace(/^v/, '')}.`,
    `  Install it from https://nodejs.org, or run 'npm install node-${process.platform}-${process.arch}@24' beside stillpoint.`,
  ].join('\n');
}
