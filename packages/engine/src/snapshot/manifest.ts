// The manifest: the immutable root of one snapshot. Normative: docs/format/manifest.md. Its canonical bytes are what the
// vault seals; its digest is the BLAKE3 of those bytes. Readers ignore fields they do not know.
import {
  canonicalBytes,
  failure,
  isSnapshotId,
  type Json,
  type SnapshotId,
} from '@stillpoint/core';
import * as z from 'zod';
import type { SnapshotSummary, SourceSummary } from '../api.ts';
import type { FreezeTimes } from '../freeze/contract.ts';
import type { BrokenSeal } from '../project/index.ts';
import { streamRefSchema, type StreamRef } from '../sources/contract.ts';
import type { SealedEntry } from '../vault/contract.ts';
import { isSignedRight, type Lockfile } from './lockfile.ts';
import { memberOutline, sourceOutline, type Known } from './outline.ts';
import { isFileName, isPlace } from './place.ts';

export const MANIFEST_FORMAT = 1;

export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly id: SnapshotId;
  readonly kind: 'snapshot' | 'undo';
  readonly name: string | null;
  readonly message: string | null;
  readonly createdAt: string;
  readonly durationMs: number;
  readonly freeze: FreezeTimes;
  readonly project: { readonly id: string; readonly directory: string };
  /** The configuration file as it was, for a restore where there is none; null when the library was given an object. */
  readonly config: { readonly file: string; readonly content: StreamRef } | null;
  readonly lockfile: Lockfile;
  /** The mix that was captured, so that whoever brings it back is told again; null, or left out by earlier versions: none. */
  readonly brokenSeal?: BrokenSeal | null;
  /** Ids that this snapshot had before it was told again by other records, the last one first. Left out: none. */
  readonly rebasedFrom?: readonly SnapshotId[];
  readonly sources: readonly ManifestSource[];
  readonly createdBy: {
    readonly stillpoint: string;
    readonly platform: string;
    readonly arch: string;
  };
}

/** Members are sources too, of driver 'git', named by their path. */
export interface ManifestSource extends SourceSummary {
  /** The driver's own; only it knows the form. */
  readonly record: Json;
}

/** A sealed snapshot that was read and found whole. */
export interface Sealed {
  readonly entry: SealedEntry;
  readonly manifest: Manifest;
}

export function manifestBytes(manifest: Manifest): Uint8Array {
  return canonicalBytes(manifest);
}

const memberState = z.looseObject({
  path: z.string(),
  commit: z.string().nullable(),
  branch: z.string().nullable(),
  dirty: z.boolean(),
});
const sealPart = z.looseObject({
  snapshot: z.string(),
  sources: z.array(z.string()),
  at: z.string(),
  stayed: z.array(z.string()).optional(),
});
const shape = z.looseObject({
  format: z.literal(MANIFEST_FORMAT),
  id: z.string().refine(isSnapshotId),
  kind: z.enum(['snapshot', 'undo']),
  name: z.string().nullable(),
  message: z.string().nullable(),
  createdAt: z.string(),
  durationMs: z.number(),
  freeze: z.looseObject({ totalMs: z.number(), drainMs: z.number(), markMs: z.number() }),
  project: z.looseObject({ id: z.string(), directory: z.string() }),
  config: z
    .looseObject({ file: z.string().refine(isFileName), content: streamRefSchema })
    .nullable(),
  lockfile: z.looseObject({ members: z.array(memberState), signature: z.string() }),
  brokenSeal: sealPart.extend({ earlier: z.array(sealPart).optional() }).nullish(),
  rebasedFrom: z.array(z.string().refine(isSnapshotId)).optional(),
  sources: z.array(
    z.looseObject({
      name: z.string(),
      driver: z.string(),
      place: z.string().refine(isPlace).optional(),
      strategy: z.string(),
      quiesced: z.boolean(),
      markMs: z.number(),
      bytesTotal: z.number(),
      bytesStored: z.number(),
      record: z.json(),
    }),
  ),
  createdBy: z.looseObject({ stillpoint: z.string() }),
});

/** Reads verified bytes. Throws MANIFEST_TOO_NEW, MANIFEST_UNREADABLE. */
export function parseManifest(id: SnapshotId, bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw failure('MANIFEST_UNREADABLE', { id, problem: 'it is no JSON' }, error);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > MANIFEST_FORMAT) {
    throw failure('MANIFEST_TOO_NEW', { id, format, supported: MANIFEST_FORMAT });
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const problem = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`;
    throw failure('MANIFEST_UNREADABLE', { id, problem });
  }
  const manifest = value as Manifest;
  if (manifest.id !== id || !isSignedRight(manifest.lockfile)) {
    const problem =
      manifest.id === id ? 'its lockfile is not signed right' : 'it is of another snapshot';
    throw failure('MANIFEST_UNREADABLE', { id, problem });
  }
  return manifest;
}

export function summarize(
  { entry, manifest }: Known,
  holds: ReadonlySet<SnapshotId>,
): SnapshotSummary {
  return {
    id: manifest.id,
    name: manifest.name,
    message: manifest.message,
    kind: manifest.kind,
    createdAt: manifest.createdAt,
    digest: entry.digest,
    freezeMs: manifest.freeze.totalMs,
    freeze: manifest.freeze,
    durationMs: manifest.durationMs,
    project: manifest.project,
    members: manifest.lockfile.members.map(memberOutline),
    sources: manifest.sources.map(sourceOutline),
    lockfile: { signature: manifest.lockfile.signature },
    held: holds.has(manifest.id),
    brokenSeal: manifest.brokenSeal ?? null,
  };
}
