// A file that is written from its beginning to its end.
import { open, type FileHandle } from 'node:fs/promises';

export class OutputFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  sizeBytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** It must not be there yet. */
  static async create(file: string): Promise<OutputFile> {
    return new OutputFile(await open(file, 'wx', 0o666));
  }

  /** The bytes may be used for others when it resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
    this.sizeBytes += bytes.length;
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
