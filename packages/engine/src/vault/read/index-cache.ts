// Index files of a store that is far away, kept on this machine's disk: every command needs them all, and they never change. Kept
// as they lie in the store, sealed, under the same names, and believed only if they have the digest of their name; so it may be
// deleted, cut off or written by several processes at any time. Files are not made durable: one that is torn is fetched again.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digestHex, digestOf } from '@stillpoint/core';

export interface IndexCache {
  /** undefined: it is not here, or not whole. */
  read(hex: string): Promise<Uint8Array | undefined>;
  /** Never rejects: what cannot be kept is fetched again the next time. */
  keep(hex: string, content: Uint8Array): Promise<void>;
  /** Deletes all others: the store has them no more. Never rejects. */
  retain(names: ReadonlySet<string>): Promise<void>;
}

/** `directory` is made when it is needed. */
export function createIndexCache(directory: string): IndexCache {
  const ignore = (): undefined => undefined;
  return {
    async read(hex) {
      const content = await readFile(path.join(directory, hex)).catch(ignore);
      if (content === undefined) return undefined;
      return digestHex(digestOf(content)) === hex ? content : undefined;
    },

    async keep(hex, content) {
      const temporary = path.join(directory, `${randomBytes(8).toString('hex')}.tmp`);
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
        await rename(temporary, path.join(directory, hex));
      } catch {
        await unlink(temporary).catch(ignore);
      }
    },

    async retain(names) {
      for (const name of (await readdir(directory).catch(ignore)) ?? []) {
        // Also what a process left that died while it wrote. One that writes just now goes without.
        if (!names.has(name)) await unlink(path.join(directory, name)).catch(ignore);
      }
    },
  };
}
