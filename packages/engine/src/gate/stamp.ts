// The stamp: a small record inside a database that says which code last shaped it. It is captured and restored with the
// data. Normative: docs/format/stamp.md. Other programs can write to a database, so what is read is checked.
import { canonicalJson, isDigest, type Digest } from '@stillpoint/core';
import * as z from 'zod';

export interface Stamp {
  readonly format: 1;
  /** The project's id. */
  readonly project: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Each member's HEAD, in ascending order of path; null: no commit yet. */
  readonly members: readonly { readonly path: string; readonly commit: string | null }[];
  readonly schemaDigest: Digest;
  /** Signature of the lockfile of the last snapshot or restore; null: there was none. */
  readonly lockfile: Digest | null;
  /** Migrations, as `ledger name`, that the code does not have and that somebody accepted. */
  readonly accepted: readonly string[];
}

const commit = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));

const schema = z.object({
  format: z.literal(1),
  project: z.string(),
  at: z.string(),
  members: z.array(z.object({ path: z.string(), commit: commit.nullable() })),
  schemaDigest: digest,
  lockfile: digest.nullable(),
  accepted: z.array(z.string()),
});

/** undefined: not one that we can read, so it says nothing. */
export function parseStamp(text: string | undefined): Stamp | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function formatStamp(stamp: Stamp): string {
  return canonicalJson(stamp);
}

/** True when both say the same but for when. */
export function saysTheSame(a: Stamp, b: Stamp): boolean {
  const withoutTime = (stamp: Stamp): string =>
    JSON.stringify([stamp.members, stamp.schemaDigest, stamp.accepted]);
  return withoutTime(a) === withoutTime(b);
}
