// Prune's marks. A pack that stands in one is doomed: no writer that sees the mark counts it as there, and it is deleted in the end,
// whatever happens, after what is still needed of it was copied. Nothing is ever taken off a mark. So whoever deletes a doomed pack late (a
// paused prune) deletes nothing that anybody has begun to rely on meanwhile.
//   prune/<id>.packs      the doomed packs
//   prune/<id>.sessions   the sessions that were open after the mark was durable: they may not have seen it
//   prune/<id>.seen       packs that nothing named while the named sessions wrote: nothing follows from it until those have ended
import { canonicalBytes, failure, isFailure, newUuid } from '@stillpoint/core';
import * as z from 'zod';
import type { Damage, Store } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { openWhole, sealWhole } from '../crypto/sealed-object.ts';
import { PRUNE_PREFIX, pruneKey, pruneOfKey, type PrunePart } from '../format/layout.ts';
import { readBack } from './read-back.ts';

const MAGIC = 'SPPRUNE1';
const shape = z.looseObject({
  packs: z.array(z.string()).optional(),
  sessions: z.array(z.string()).optional(),
});

export interface MarkParts {
  readonly store: Store;
  readonly keys: VaultKeys;
}

export interface Mark {
  readonly id: string;
  readonly packs: readonly string[];
  /** undefined: whoever put the mark died before it had looked. */
  readonly sessions: readonly string[] | undefined;
}

export interface Seen {
  readonly id: string;
  readonly packs: readonly string[];
  readonly sessions: readonly string[];
}

export interface Marks {
  readonly marks: readonly Mark[];
  readonly seen: readonly Seen[];
}

export interface SurveyedMarks extends Marks {
  /** Marks of which nobody knows any more which packs they doom. */
  readonly lost: readonly LostMark[];
  /** Lists of sessions, and of what was seen, that cannot be read. As if they were not there: they are made anew. */
  readonly spoilt: readonly string[];
}

export interface LostMark extends Damage {
  readonly id: string;
}

/** PRUNE_MARK_DAMAGED: who cannot read what is doomed must not rely on anything. */
export async function readMarks(parts: MarkParts): Promise<SurveyedMarks> {
  const found = await surveyMarks(parts);
  const [lost] = found.lost;
  if (lost === undefined) return found;
  const { key, what: reason } = lost;
  throw failure('PRUNE_MARK_DAMAGED', { vault: parts.store.description, key, reason });
}

/** For repair: whatever is damaged, it resolves. */
export async function surveyMarks({ store, keys }: MarkParts): Promise<SurveyedMarks> {
  const found = new Map<string, Partial<Record<PrunePart, Content>>>();
  const lost: LostMark[] = [];
  const spoilt: string[] = [];
  for await (const { key } of store.list(PRUNE_PREFIX)) {
    const name = pruneOfKey(key);
    if (name === undefined) continue;
    const content = await readPart({ store, keys }, key);
    if (content === undefined) continue;
    if (typeof content !== 'string') {
      found.set(name.id, { ...found.get(name.id), [name.part]: content });
    } else if (name.part === 'packs') lost.push({ id: name.id, key, what: content });
    else spoilt.push(key);
  }
  const marks: Mark[] = [];
  const seen: Seen[] = [];
  for (const [id, parts] of found) {
    if (parts.packs !== undefined) {
      marks.push({ id, packs: parts.packs.packs ?? [], sessions: parts.sessions?.sessions });
    }
    if (parts.seen !== undefined) {
      const { packs = [], sessions = [] } = parts.seen;
      seen.push({ id, packs, sessions });
    }
  }
  return { marks, seen, lost, spoilt };
}

export function doomedBy(marks: readonly Mark[]): ReadonlySet<string> {
  return new Set(marks.flatMap(({ packs }) => packs));
}

/** Dooms the packs. What is open must be listed after this has resolved. */
export async function putMark(parts: MarkParts, packs: readonly string[]): Promise<void> {
  await putPart(parts, pruneKey(newUuid(), 'packs'), { packs });
}

/** Any list that was made after the mark was put will do: of two prunes that write one, the first stays. */
export async function putSessions(
  parts: MarkParts,
  mark: Mark,
  sessions: readonly string[],
): Promise<void> {
  try {
    await putPart(parts, pruneKey(mark.id, 'sessions'), { sessions });
  } catch (error) {
    if (!isFailure(error, 'OBJECT_EXISTS')) throw error;
  }
}

export async function putSeen(
  parts: MarkParts,
  seen: Pick<Seen, 'packs' | 'sessions'>,
): Promise<void> {
  await putPart(parts, pruneKey(newUuid(), 'seen'), { ...seen });
}

/** All its packs are gone. First the mark: what is left of one without its packs means nothing. */
export async function deleteMark(
  { store }: Pick<MarkParts, 'store'>,
  { id }: Pick<Mark, 'id'>,
): Promise<void> {
  await store.delete(pruneKey(id, 'packs'));
  await store.delete(pruneKey(id, 'sessions'));
}

export async function deleteSeen({ store }: MarkParts, { id }: Seen): Promise<void> {
  await store.delete(pruneKey(id, 'seen'));
}

/** Of marks that are gone: who retired them died in between. */
export async function sweepMarks({ store }: MarkParts): Promise<void> {
  const parts = new Map<string, PrunePart[]>();
  for await (const { key } of store.list(PRUNE_PREFIX)) {
    const name = pruneOfKey(key);
    if (name !== undefined) parts.set(name.id, [...(parts.get(name.id) ?? []), name.part]);
  }
  for (const [id, found] of parts) {
    if (found.includes('sessions') && !found.includes('packs')) {
      await store.delete(pruneKey(id, 'sessions'));
    }
  }
}

type Content = z.infer<typeof shape>;

async function putPart(
  { store, keys }: MarkParts,
  key: string,
  content: { readonly packs?: readonly string[]; readonly sessions?: readonly string[] },
): Promise<void> {
  const plain = canonicalBytes({ format: 1, ...JSON.parse(JSON.stringify(content)) });
  const sealed = sealWhole(keys, MAGIC, plain);
  await store.put(key, sealed, { ifAbsent: true });
  if ((await readBack(store, key, sealed)) !== 'other') return;
  // Nobody can have read it, and it would stop everybody.
  await store.delete(key);
  const reason = 'it is not what was put';
  throw failure('PRUNE_COPY_DAMAGED', { vault: store.description, key, reason });
}

/** What is wrong with it, if anything is. undefined: retired since it was listed; then its packs are gone. */
async function readPart(
  { store, keys }: MarkParts,
  key: string,
): Promise<Content | string | undefined> {
  let stored: Uint8Array;
  try {
    stored = await store.get(key);
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) return undefined;
    if (isFailure(error, 'VAULT_IO_FAILED')) return error.message.replace(/\.$/, '');
    throw error;
  }
  const plain = openWhole(keys, MAGIC, stored);
  if (plain === undefined) return 'its bytes are not those that were sealed';
  try {
    return shape.parse(JSON.parse(plain.toString('utf8')));
  } catch {
    return 'it is of an unknown form';
  }
}
