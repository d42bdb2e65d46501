// The record of runs in a manifest: which run was the latest, and the files of each that was captured.
import * as z from 'zod';
import { failure, type Json } from '@stillpoint/core';
import { streamRefSchema, type NamedStream } from '../contract.ts';
import { isCheckpointName, isRunId } from './run-directory.ts';

const runId = z.string().refine(isRunId);
const checkpointName = z.string().refine(isCheckpointName);

const fileSchema = z.strictObject({
  name: checkpointName,
  /** As the file says it of itself; empty: it was damaged already. */
  digest: z.string(),
  stream: streamRefSchema,
});

const runSchema = z.strictObject({
  run: runId,
  /** Null: it was not there. */
  files: z.array(fileSchema).nullable(),
  /** Which of them was written last. */
  newest: checkpointName.nullable(),
  /** Of the run, with these files only; null: it had none that could be read. */
  manifest: streamRefSchema.nullable(),
});

const recordSchema = z.strictObject({
  version: z.literal(1),
  /** What `latest` led to; null: to nothing. Left out: one run was captured, whichever was the latest. */
  latest: z.exactOptional(runId.nullable()),
  runs: z.array(runSchema),
});

export type RunsRecord = z.infer<typeof recordSchema>;
export type CapturedRun = z.infer<typeof runSchema>;
export type CapturedFile = z.infer<typeof fileSchema>;

/** Throws RUN_RECORD_INVALID. */
export function parseRecord(source: string, record: Json): RunsRecord {
  const parsed = recordSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues[0]?.message ?? 'it has another form';
  throw failure('RUN_RECORD_INVALID', { source, what });
}

export function bytesOf({ runs }: RunsRecord): number {
  return runs
    .flatMap(({ files }) => files ?? [])
    .reduce((sum, { stream }) => sum + stream.bytes, 0);
}

export async function* runReferences(record: Json): AsyncIterable<NamedStream> {
  for (const { run, files, manifest } of parseRecord('run', record).runs) {
    for (const { name, stream } of files ?? []) yield { ...stream, of: `${run}/${name}` };
    if (manifest !== null) yield { ...manifest, of: `${run}/manifest.json` };
  }
}
