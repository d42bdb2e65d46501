// BASE_BACKUP: the whole cluster as one tar stream, then the backup's manifest, over one COPY (Postgres 15 and newer).
// The first byte of each CopyData names it: n new archive, m manifest, d data, p progress.
// WAL is left out on purpose: it comes from the slot, and the base is worth nothing without the WAL up to its stop LSN.
import { parseLsn, type Lsn } from '../lsn.ts';
import type { Connectable } from '../session.ts';
import { connectReplication, quoteLiteral } from './connection.ts';
import { rowValues, startCopy, type CopyReader, type WireMessage } from './copy-reader.ts';

export interface BaseBackupOptions {
  readonly label: string;
  /** Receives the tar of the data directory. */
  readonly onArchive: (tar: AsyncIterable<Buffer>) => Promise<void>;
  readonly onManifest: (manifest: AsyncIterable<Buffer>) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface BaseBackupResult {
  readonly startLsn: Lsn;
  readonly stopLsn: Lsn;
  readonly timeline: number;
}

const DATA_ROW = 0x44;
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const COPY_OUT = 0x48;
const READY = 0x5a;
const [ARCHIVE, MANIFEST, DATA, PROGRESS] = [0x6e, 0x6d, 0x64, 0x70];

export async function takeBaseBackup(
  server: Connectable,
  options: BaseBackupOptions,
): Promise<BaseBackupResult> {
  const client = await connectReplication(server, options.signal);
  const command =
    `BASE_BACKUP (LABEL ${quoteLiteral(options.label)}, CHECKPOINT 'fast', WAIT false, WAL false, ` +
    `MANIFEST 'yes', MANIFEST_CHECKSUMS 'NONE')`;
  await using reader = startCopy(client, command, options.signal);
  const start = await readPosition(reader, COPY_OUT);
  await readSections(reader, options);
  const stop = await readPosition(reader, READY);
  return { startLsn: start.lsn, stopLsn: stop.lsn, timeline: start.timeline };
}

/** The first row of the result sets up to message `end`: a position and its timeline. */
async function readPosition(
  reader: CopyReader,
  end: number,
): Promise<{ readonly lsn: Lsn; readonly timeline: number }> {
  let first: (string | null)[] | undefined;
  for (;;) {
    const { type, body } = await reader.next();
    if (type === DATA_ROW) first ??= rowValues(body);
    if (type === end) break;
  }
  if (first === undefined) throw new Error('the server gave no position of the base backup');
  return { lsn: parseLsn(first[0] ?? ''), timeline: Number(first[1]) };
}

async function readSections(reader: CopyReader, options: BaseBackupOptions): Promise<void> {
  let message: WireMessage = await reader.next();
  async function* data(): AsyncGenerator<Buffer> {
    for (;;) {
      message = await reader.begin();
      if (message.type !== COPY_DATA) return;
      const kind = message.body[0];
      if (kind === DATA) {
        if (message.body.length > 1) yield message.body.subarray(1);
        for (let piece = await reader.more(); piece !== undefined; piece = await reader.more()) {
          yield piece;
        }
      } else if (kind !== PROGRESS) return;
    }
  }
  let archives = 0;
  while (message.type === COPY_DATA) {
    const section = data();
    if (message.body[0] === ARCHIVE) {
      archives += 1;
      if (archives > 1) throw new Error('the base backup holds a tablespace');
      await options.onArchive(section);
    } else if (message.body[0] === MANIFEST) {
      await options.onManifest(section);
    } else {
      throw new Error('the base backup holds a section that is not known');
    }
    // Whatever the consumer left (padding at the end of the tar) is passed over.
    while ((await section.next()).done !== true);
  }
  if (message.type !== COPY_DONE) throw new Error('the base backup ended early');
}
