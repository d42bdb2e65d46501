// Writes a file that has to be durable at its end: what is written goes on its way to the disk while more of it is made.
import type { FileHandle } from 'node:fs/promises';

/** Sent on its way together: fewer bytes would wait for the disk more often than they help. */
const BEHIND_BYTES = 16 * 1024 * 1024;

export interface WriteBehind {
  write(bytes: Uint8Array, offsetBytes: number): Promise<void>;
  /** Resolves when all of it is durable. */
  sync(): Promise<void>;
}

export function createWriteBehind(handle: FileHandle): WriteBehind {
  /** Once it has failed it stays so: the system tells of a page that it could not write only once. */
  let behind = Promise.resolve();
  let isOnItsWay = false;
  let newBytes = 0;
  const send = (): void => {
    newBytes = 0;
    isOnItsWay = true;
    behind = behind.then(() => handle.datasync());
    behind.then(
      () => (isOnItsWay = false),
      () => {},
    );
  };
  return {
    async write(bytes, offsetBytes) {
      for (let done = 0; done < bytes.length;) {
        const rest = bytes.length - done;
        done += (await handle.write(bytes, done, rest, offsetBytes + done)).bytesWritten;
      }
      newBytes += bytes.length;
      if (newBytes >= BEHIND_BYTES && !isOnItsWay) send();
    },
    async sync() {
      await behind;
      await handle.sync();
    },
  };
}
