// Everything that one can see of a directory, as comparable text: each path with type, mode, owner, time, links and bytes.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface StateOptions {
  readonly skip?: readonly string[];
  /** Times of directories change with what others leave in them. */
  readonly directoryTimes?: boolean;
}

/** One line for each path, in byte order; '.' is the directory itself. Times to the microsecond, as a restore gives them. */
export function directoryState(directory: string, options: StateOptions = {}): string[] {
  const lines: string[] = [];
  const first = new Map<bigint, string>();
  const look = (at: Buffer, shown: string) => {
    const stats = lstatSync(at, { bigint: true });
    const time =
      stats.isDirectory() && options.directoryTimes === false ? '' : stats.mtimeNs / 1000n;
    const seen = `${shown} ${(stats.mode & 0o7777n).toString(8)} ${stats.uid}:${stats.gid} ${time}`;
    if (stats.isDirectory()) {
      lines.push(`${seen} directory`);
      const names = readdirSync(at, { encoding: 'buffer' }).toSorted((a, b) => a.compare(b));
      for (const name of names) {
        const child = (shown === '.' ? '' : `${shown}/`) + name.toString('latin1');
        if (options.skip?.includes(child) === true) continue;
        look(Buffer.concat([at, Buffer.from('/'), name]), child);
      }
    } else if (stats.isSymbolicLink()) {
      lines.push(`${seen} -> ${readlinkSync(at, { encoding: 'buffer' }).toString('latin1')}`);
    } else if (stats.isFile()) {
      const link = first.get(stats.ino) ?? '';
      if (!first.has(stats.ino)) first.set(stats.ino, shown);
      const digest = createHash('sha256').update(readFileSync(at)).digest('hex');
      lines.push(`${seen} ${stats.size} ${digest} ${link}`);
    } else lines.push(`${shown} special`);
  };
  look(Buffer.from(directory), '.');
  return lines.toSorted();
}
