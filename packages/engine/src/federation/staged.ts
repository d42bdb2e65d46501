// A state of a member, prepared in a private directory beside the project: everything that switch() needs, so that it asks
// no vault. Layout:
//   record.json        the record
//   streams/<name>     every stream it names, but the packs
//   repository/        a bare repository with all packs (absent when the live repository holds the objects)
//   removals.json      what the first attempt of the switch found to remove; later attempts keep to it
//   temporary/         files on their way to their place
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { digestHex, digestOf, failure, type Json } from '@stillpoint/core';
import * as z from 'zod';
import type { StreamRef } from '../sources/contract.ts';
import { parseListing, parseRecord, type GitRecord, type ListedEntry } from './record.ts';

const placementSchema = z.strictObject({
  version: z.literal(1),
  staged: z.string(),
  objects: z.enum(['staged', 'live']),
});

export type GitPlacement = z.infer<typeof placementSchema>;

export interface StagedState {
  readonly directory: string;
  readonly objects: 'staged' | 'live';
  readonly repositoryDirectory: string;
  readonly temporaryDirectory: string;
  readonly record: GitRecord;
  readonly listing: readonly ListedEntry[];
  streamFile(ref: StreamRef): string;
  read(ref: StreamRef): Promise<Buffer>;
}

export function parsePlacement(member: string, placement: Json): GitPlacement {
  const result = placementSchema.safeParse(placement);
  if (result.success) return result.data;
  throw failure('MEMBER_RECORD_INVALID', { member, what: 'its placement' }, result.error);
}

export async function openStaged(member: string, placement: GitPlacement): Promise<StagedState> {
  const directory = placement.staged;
  const recordText = await readFile(path.join(directory, 'record.json'), 'utf8').catch(
    (error: unknown) => {
      throw failure('MEMBER_NOT_PROVED', { member, what: `${directory} is not there` }, error);
    },
  );
  const record = parseRecord(member, JSON.parse(recordText));
  const read = (ref: StreamRef) => readFile(streamFile(directory, ref));
  return {
    directory,
    objects: placement.objects,
    repositoryDirectory: path.join(directory, 'repository'),
    temporaryDirectory: path.join(directory, 'temporary'),
    record,
    listing: parseListing(member, (await read(record.listing)).toString('utf8')),
    streamFile: (ref) => streamFile(directory, ref),
    read,
  };
}

export function streamFile(directory: string, ref: StreamRef): string {
  const name = digestHex(digestOf(Buffer.from(`${ref.digest} ${ref.bytes} ${ref.depth}`)));
  return path.join(directory, 'streams', name);
}

export async function makeStagedDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  for (const part of ['streams', 'temporary']) {
    await mkdir(path.join(directory, part), { recursive: true, mode: 0o700 });
  }
}
