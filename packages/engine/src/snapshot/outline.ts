// What is needed of a manifest to list it, to name it and to choose it: all but what only a restore reads. A manifest is an
// outline, too: whoever asks for an outline can be given either.
import type { SourceSummary } from '../api.ts';
import type { SealedEntry } from '../vault/contract.ts';
import type { Lockfile } from './lockfile.ts';
import type { Manifest } from './manifest.ts';

export interface Outline extends Pick<
  Manifest,
  'id' | 'kind' | 'name' | 'message' | 'createdAt' | 'durationMs' | 'freeze' | 'project'
> {
  readonly brokenSeal?: Manifest['brokenSeal'];
  readonly rebasedFrom?: Manifest['rebasedFrom'];
  readonly lockfile: Pick<Lockfile, 'signature'> & {
    readonly members: readonly MemberOutline[];
  };
  readonly sources: readonly SourceSummary[];
}

type MemberOutline = Pick<Lockfile['members'][number], 'path' | 'commit' | 'branch' | 'dirty'>;

/** A sealed snapshot that was read and found whole, now or earlier. */
export interface Known {
  readonly entry: SealedEntry;
  readonly manifest: Outline;
}

/** Changes whenever an outline does: what was remembered in another form is read again. */
export const OUTLINE_FORM = 'outline 2';

export function outlineOf(manifest: Manifest): Outline {
  const { id, kind, name, message, createdAt, durationMs, freeze, project } = manifest;
  const { signature, members } = manifest.lockfile;
  return {
    id,
    kind,
    name,
    message,
    createdAt,
    durationMs,
    freeze,
    project,
    brokenSeal: manifest.brokenSeal ?? null,
    ...(manifest.rebasedFrom === undefined ? {} : { rebasedFrom: manifest.rebasedFrom }),
    lockfile: { signature, members: members.map(memberOutline) },
    sources: manifest.sources.map(sourceOutline),
  };
}

export function memberOutline({ path, commit, branch, dirty }: MemberOutline): MemberOutline {
  return { path, commit, branch, dirty };
}

/** Without what only its driver reads. */
export function sourceOutline(
  source: SourceSummary & { readonly record?: unknown },
): SourceSummary {
  const { record: _record, ...outline } = source;
  return outline;
}

export function oldestFirst({ manifest: a }: Known, { manifest: b }: Known): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
