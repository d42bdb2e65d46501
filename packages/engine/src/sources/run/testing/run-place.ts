// A directory with runs for the tests, whose checkpoints are written here as docs/format/checkpoint.md has them.
import { createHash } from 'node:crypto';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canonicalBytes, createHasher, digestOf } from '@stillpoint/core';
import type { SourceDriver } from '../../contract.ts';
import { createRunDriver } from '../index.ts';
import { checkpointsIn, isRunId, linkTo } from '../run-directory.ts';

export interface RunPlace extends AsyncDisposable {
  readonly project: string;
  readonly directory: string;
  driver(directory?: string, run?: string): SourceDriver;
  /** Writes a checkpoint, makes it the run's newest, and the run the latest. Gives the file's path. */
  checkpoint(run: string, tick: number, content?: string, base?: string): Promise<string>;
  /** Runs, their checkpoints, and what is the latest of each. */
  content(directory?: string): Promise<string>;
}

export async function createRunPlace(): Promise<RunPlace> {
  const project = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-runs-')));
  const directory = path.join(project, 'checkpoints');
  return {
    project,
    directory,
    driver: (where = directory, run = 'latest') =>
      createRunDriver({ name: 'simulation', directory: where, run }),
    async checkpoint(run, tick, content = `state at ${tick}`, base) {
      const at = path.join(directory, run);
      await mkdir(at, { recursive: true });
      const name = nameOf(tick);
      const based = base === undefined ? null : { file: base, digest: digestOf(Buffer.from(base)) };
      await writeFile(path.join(at, name), checkpointBytes(tick, Buffer.from(content), based));
      const checkpoints = (await checkpointsIn(at)).map((file) => ({ file }));
      await writeFile(path.join(at, 'manifest.json'), JSON.stringify({ runId: run, checkpoints }));
      await linkTo(at, name);
      await linkTo(directory, run);
      return path.join(at, name);
    },
    content: (where = directory) => contentOf(where),
    [Symbol.asyncDispose]: () => rm(project, { recursive: true, force: true }),
  };
}

export function nameOf(tick: number): string {
  return `checkpoint_${String(tick).padStart(10, '0')}.ckpt`;
}

async function contentOf(directory: string): Promise<string> {
  const lines: string[] = [];
  const link = async (at: string) => await readlink(path.join(at, 'latest')).catch(() => 'none');
  const runs = (await readdir(directory).catch(() => [])).filter(isRunId);
  lines.push(`latest ${await link(directory)}`);
  for (const run of runs.toSorted()) {
    const at = path.join(directory, run);
    lines.push(`${run} latest ${await link(at)}`);
    for (const name of await checkpointsIn(at)) {
      const digest = createHash('sha256').update(await readFile(path.join(at, name)));
      lines.push(`${run}/${name} ${digest.digest('hex')}`);
    }
  }
  return lines.join('\n');
}

function checkpointBytes(tick: number, content: Buffer, base: object | null): Buffer {
  const header = Buffer.alloc(64);
  header.write('STPTCKPT', 0, 'latin1');
  header.writeUInt16LE(1, 8);
  header.writeUInt32LE(0x01020304, 12);
  header.writeUInt16LE(1, 16);
  header.writeUInt16LE(1, 18);
  header.writeUInt32LE(1024 * 1024, 20);
  header.writeBigUInt64LE(BigInt(tick), 24);
  Buffer.from(digestOf(header.subarray(0, 48)).slice(7), 'hex').copy(header, 48, 0, 16);
  const section = Buffer.alloc(Math.ceil(content.length / 64) * 64);
  content.copy(section);
  const digest = digestOf(content);
  const table = canonicalBytes({
    facts: { tick },
    base: base as never,
    sections: [
      {
        name: 'current/state',
        offset: 64,
        storedBytes: content.length,
        plainBytes: content.length,
        digest,
        storedDigest: digest,
      },
    ],
  });
  const hasher = createHasher();
  hasher.update(header);
  hasher.update(table);
  const trailer = Buffer.alloc(64);
  trailer.writeBigUInt64LE(BigInt(64 + section.length), 0);
  trailer.writeBigUInt64LE(BigInt(table.length), 8);
  Buffer.from(hasher.digest().slice(7), 'hex').copy(trailer, 16);
  trailer.write('CKPTEND.', 56, 'latin1');
  return Buffer.concat([header, section, table, trailer]);
}
