// The machine: the programs that Stillpoint runs, and the file system that the project is on.
import { bytesText, failure } from '@stillpoint/core';
import { readGitVersion } from '../federation/index.ts';
import type { Finding } from './contract.ts';
import { readFileSystem } from './file-system.ts';
import { createFindings } from './findings.ts';

export interface Machine {
  /** The project's, or where it was looked for. */
  readonly directory: string;
  /** What git runs with. */
  readonly gitEnvironment: Readonly<Record<string, string>> | undefined;
  readonly version: string;
}

const nodeMinimum = [24, 15] as const;
const gitMinimum = [2, 31] as const;

export async function checkMachine(
  machine: Machine,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = createFindings('machine', signal);
  findings.ok('stillpoint', `${machine.version} on ${process.platform} ${process.arch}`);
  const node = process.versions.node;
  if (isAtLeast(node, nodeMinimum)) findings.ok('node', node);
  else findings.error('node', failure('NODE_TOO_OLD', { version: node }));
  await findings.check('git', async (limited) => {
    const { gitEnvironment: environment } = machine;
    const version = await readGitVersion({
      signal: limited,
      ...(environment === undefined ? {} : { environment }),
    });
    if (isAtLeast(version, gitMinimum)) findings.ok('git', version);
    else findings.error('git', failure('GIT_MISSING', {}), { what: `git ${version} is too old.` });
  });
  await findings.check('file system', async () => {
    const { name, clones, network, freeBytes } = await readFileSystem(machine.directory);
    const what = `${name}, ${bytesText(freeBytes)} free`;
    if (network) {
      const fix =
        'Keep the project on a local disk: the locks that keep two commands apart can fail on this one.';
      findings.warn('file system', `${what}, over the network`, fix);
    } else if (clones) {
      findings.info(
        'file system',
        `${what}; it can clone files at once, which a later Stillpoint will use`,
      );
    } else findings.ok('file system', what);
  });
  return findings.list;
}

export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second >= minor);
}
