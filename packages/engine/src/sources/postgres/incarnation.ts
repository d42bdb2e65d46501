// The driver's own notes beside the data directory of an incarnation (incarnations/<uuid>/*.json), each written
// atomically and read strictly:
//   prepared.json  made by prepare(), never live yet: what abandon() may drop; `view`: only to be looked at (views.ts)
//   origin.json    the record it was restored from and where its history forked: what the next snapshot continues
//   retired.json   closed cleanly for an undo point: the fastest and most exact way back to it
import { makeDirectory, removeFileDurable, writeFileAtomic, type Json } from '@stillpoint/core';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Cluster } from './cluster/contract.ts';
import { parseStored } from './record.ts';

const schemas = {
  prepared: z.object({
    version: z.literal(1),
    snapshot: z.string(),
    view: z.literal(true).optional(),
  }),
  origin: z.object({
    version: z.literal(1),
    record: z.json(),
    /** Of the new timeline. */
    timeline: z.int().min(1),
    forkLsn: z.string(),
    restoredAt: z.string(),
  }),
  retired: z.object({ version: z.literal(1), snapshot: z.string(), retiredAt: z.string() }),
} as const;

type NoteName = keyof typeof schemas;
type Note<N extends NoteName> = Omit<z.infer<(typeof schemas)[N]>, 'version'>;

export interface Origin {
  readonly record: Json;
  readonly timeline: number;
  readonly forkLsn: string;
}

export async function readNote<N extends NoteName>(
  cluster: Cluster,
  incarnation: string,
  name: N,
): Promise<Note<N> | undefined> {
  let text: string;
  try {
    text = await readFile(await noteFile(cluster, incarnation, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseStored(schemas[name] as unknown as z.ZodType<Note<N>>, JSON.parse(text));
}

export async function writeNote<N extends NoteName>(
  cluster: Cluster,
  incarnation: string,
  name: N,
  note: Note<N>,
): Promise<void> {
  const file = await noteFile(cluster, incarnation, name);
  await writeFileAtomic(file, `${JSON.stringify({ version: 1, ...note })}\n`);
}

export async function removeNote(
  cluster: Cluster,
  incarnation: string,
  name: NoteName,
): Promise<void> {
  await removeFileDurable(await noteFile(cluster, incarnation, name));
}

async function noteFile(cluster: Cluster, incarnation: string, name: NoteName): Promise<string> {
  return path.join(await cluster.incarnationDirectory(incarnation), `${name}.json`);
}

export async function dataDirectory(cluster: Cluster, incarnation: string): Promise<string> {
  return path.join(await cluster.incarnationDirectory(incarnation), 'data');
}

/** An empty directory beside the data, for files a recovery reads. */
export async function makeWalDirectory(cluster: Cluster, incarnation: string): Promise<string> {
  const directory = path.join(await cluster.incarnationDirectory(incarnation), 'wal');
  await makeDirectory(directory);
  return directory;
}

export interface ControlState {
  readonly systemId: string;
  /** True after a clean shutdown of a primary; nothing is to be replayed. */
  readonly shutDown: boolean;
}

const CONTROL_BYTES = 20;
const DB_SHUTDOWNED = 1;

/** Reads global/pg_control: the server's own word on how it ended. undefined if there is none. */
export async function readControl(dataDirectoryPath: string): Promise<ControlState | undefined> {
  let handle;
  try {
    handle = await open(path.join(dataDirectoryPath, 'global', 'pg_control'), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(CONTROL_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, CONTROL_BYTES, 0);
    if (bytesRead < CONTROL_BYTES) return undefined;
    // Fixed at the head of the file in every version: system identifier, two versions, state. Little-endian machines only.
    return {
      systemId: bytes.readBigUInt64LE(0).toString(),
      shutDown: bytes.readUInt32LE(16) === DB_SHUTDOWNED,
    };
  } finally {
    await handle.close();
  }
}
