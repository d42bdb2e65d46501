// What drivers of files can do beside capturing: let `diff` compare two states of a directory, and for git what was committed
// between them.
import type { Json } from '@stillpoint/core';
import type { ObjectSource } from './contract.ts';

/** A facet of a SourceDriver. Reads only. */
export interface TreeAccess {
  /** What a snapshot would capture now. */
  live(signal: AbortSignal): Promise<TreeView>;
  captured(record: Json, source: ObjectSource, signal: AbortSignal): Promise<TreeView>;
  /** git only. undefined: the repository does not have both of them any more. */
  commits?(from: string, to: string, signal: AbortSignal): Promise<CommitPath | undefined>;
}

export interface TreeView {
  /** Files and links, not directories, by a text that is the same for the same path in every view. */
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** git only: where HEAD is. */
  readonly head?: TreeHead;
}

export interface TreeHead {
  /** null: no commit yet. */
  readonly commit: string | null;
  /** null: detached. */
  readonly branch: string | null;
}

export interface TreeEntry {
  /** For people, relative to the source, '/' between parts. */
  readonly path: string;
  readonly kind: 'file' | 'link';
  /** Permission bits; 0 of a link. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** A dependency lockfile (package-lock.json, uv.lock, ...). */
  readonly dependencyLock: boolean;
  /**
   * Equal ones mean equal content in all views of one source. Asked only where everything else is equal, so that a live file is
   * read only when it must be. undefined: it is gone since.
   */
  digest(): Promise<string | undefined>;
}

/** From one commit to another: what only the first has is left, what only the second has comes. */
export interface CommitPath {
  readonly ahead: number;
  readonly behind: number;
  /** Of those ahead, newest first, at most ten. */
  readonly added: readonly CommitLine[];
  /** Of those behind. */
  readonly removed: readonly CommitLine[];
}

export interface CommitLine {
  readonly id: string;
  readonly subject: string;
}
