// Reads the ustar stream of BASE_BACKUP. Only what the server writes: plain files and directories, names up to 100 bytes,
// sizes in octal. Anything else is refused, not guessed at.
// INVARIANT: entries come in order, and the content of one is read to its end before the next entry appears; what the
// consumer leaves unread is skipped.

export interface TarEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly size: number;
  readonly content: AsyncIterable<Buffer>;
}

const BLOCK_BYTES = 512;
const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '2': 'symlink',
  '5': 'directory',
};

export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = createByteQueue(stream);
  for (;;) {
    const header = await bytes.readExactly(BLOCK_BYTES);
    if (header === undefined || header.every((byte) => byte === 0)) return;
    const { path, type, mode, size } = parseHeader(header);
    let left = size;
    const content = (async function* (): AsyncGenerator<Buffer> {
      while (left > 0) {
        const part = await bytes.readSome(left);
        left -= part.length;
        yield part;
      }
    })();
    yield { path, type, mode, size, content };
    while (left > 0) left -= (await bytes.readSome(left)).length;
    const padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
    if (padding > 0) await bytes.readExactly(padding);
  }
}

function parseHeader(header: Buffer): Omit<TarEntry, 'content'> {
  let sum = 0;
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    sum += index >= 148 && index < 156 ? 0x20 : header[index]!;
  }
  if (sum !== octal(header, 148, 8)) throw new Error('a tar header of the base backup is damaged');
  const type = TYPES[header.toString('latin1', 156, 157)];
  if (type === undefined) throw new Error('the base backup holds a kind of file that is not known');
  const name = text(header, 0, 100);
  const prefix = text(header, 345, 155);
  const path = (prefix === '' ? name : `${prefix}/${name}`).replace(/\/$/, '');
  return {
    path: path.startsWith('./') ? path.slice(2) : path,
    type,
    mode: octal(header, 100, 8) & 0o777,
    size: type === 'file' ? octal(header, 124, 12) : 0,
  };
}

function text(header: Buffer, offset: number, length: number): string {
  const end = header.indexOf(0, offset);
  return header.toString(
    'utf8',
    offset,
    end < 0 ? offset + length : Math.min(end, offset + length),
  );
}

function octal(header: Buffer, offset: number, length: number): number {
  const digits = text(header, offset, length).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error('a number in a tar header cannot be read');
  return Number.parseInt(digits, 8);
}

function createByteQueue(stream: AsyncIterable<Buffer>) {
  const iterator = stream[Symbol.asyncIterator]();
  let current: Buffer = Buffer.alloc(0);
  const fill = async (): Promise<boolean> => {
    while (current.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return false;
      current = next.value;
    }
    return true;
  };
  const readSome = async (most: number): Promise<Buffer> => {
    if (!(await fill())) throw new Error('the base backup ended in the middle of a file');
    const part = current.subarray(0, most);
    current = current.subarray(part.length);
    return part;
  };
  return {
    readSome,
    /** undefined at the end of the stream. */
    async readExactly(length: number): Promise<Buffer | undefined> {
      if (!(await fill())) return undefined;
      const first = await readSome(length);
      if (first.length === length) return first;
      const parts = [first];
      for (let have = first.length; have < length; have += parts.at(-1)!.length) {
        parts.push(await readSome(length - have));
      }
      return Buffer.concat(parts);
    },
  };
}
