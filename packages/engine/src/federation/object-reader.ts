// Reads many blobs from one git process, one after the other, in pieces of bounded size.
import { failure } from '@stillpoint/core';
import { watchEnd, type Git } from './git.ts';

export interface ObjectReader extends AsyncDisposable {
  /** The blob's bytes. Read to the end before the next call. */
  read(id: string): AsyncGenerator<Buffer>;
}

export function openObjectReader(git: Git): ObjectReader {
  const args = ['cat-file', '--batch'];
  const child = git.open(args);
  const ended = watchEnd(child, args);
  ended.catch(() => {});
  const output = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<void> {
    const { value, done } = await output.next();
    if (done === true) {
      const { stderr } = await ended;
      throw failure('GIT_FAILED', {
        command: 'cat-file',
        words: stderr.trim() || 'it ended early',
      });
    }
    rest = rest.length === 0 ? value : Buffer.concat([rest, value]);
  }

  async function readLine(): Promise<string> {
    for (;;) {
      const newline = rest.indexOf(10);
      if (newline >= 0) {
        const line = rest.subarray(0, newline).toString('latin1');
        rest = rest.subarray(newline + 1);
        return line;
      }
      await more();
    }
  }

  return {
    async *read(id) {
      child.stdin.write(`${id}\n`);
      const line = await readLine();
      const size = /^[0-9a-f]+ blob (\d+)$/.exec(line)?.[1];
      if (size === undefined) throw failure('GIT_FAILED', { command: 'cat-file', words: line });
      // The content is followed by a newline.
      for (let left = Number(size); left > 0;) {
        if (rest.length === 0) await more();
        const piece = rest.subarray(0, left);
        rest = rest.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
      if (rest.length === 0) await more();
      rest = rest.subarray(1);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill('SIGTERM');
      await ended.catch(() => {});
    },
  };
}
