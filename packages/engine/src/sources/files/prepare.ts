// Builds a state beside the live one, from what the vault holds, and proves it. Nothing of the directory is touched.
import { countText, failure, type Json } from '@stillpoint/core';
import { createBreather, makeTreeDurable, showName } from '../../file-tree/index.ts';
import type { PrepareOptions, Proof } from '../contract.ts';
import { fetchContent, hashFile } from './content.ts';
import type { FilesContext } from './context.ts';
import { refuseWhatIsInTheWay } from './in-the-way.ts';
import { giveMetadata, mayGiveAway } from './metadata.ts';
import { filesOf, type ListedFile } from './record.ts';
import { beginStaged, openStaged, type FilesPlacement, type StagedState } from './staged.ts';

const filesAtOnce = 4;

export async function prepareState(
  context: FilesContext,
  json: Json,
  options: PrepareOptions,
): Promise<FilesPlacement> {
  const holds = (await context.exists()) ? 'everything' : 'fresh';
  const { staged, state } = await beginStaged(context, json, options, 'there', holds);
  await refuseWhatIsInTheWay(context, state.record, state.listing);
  const files = filesOf(state.listing).map(({ entry }) => entry);
  await fetchAll(context.source, state, files, options);
  await makeTreeDurable(staged);
  // After that, because what may not be opened cannot be synced either; what power loss takes of this the switch gives again.
  for (const entry of files) {
    if (isProvable(entry)) giveMetadata(state.contentFile(entry), entry, 'other');
  }
  context.prepared = { staged, listing: state.listing };
  return { version: 1, staged, holds };
}

/** Several at once: one is written while others are still fetched. Resolves or rejects when nobody writes any more. */
async function fetchAll(
  source: string,
  state: StagedState,
  files: readonly ListedFile[],
  { source: objects, signal, progress }: PrepareOptions,
): Promise<void> {
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const left = files.values();
  let doneBytes = 0;
  let failed: { readonly error: unknown } | undefined;
  const fetchNext = async (): Promise<void> => {
    for (const entry of left) {
      signal.throwIfAborted();
      if (failed !== undefined) return;
      const provedLater = isProvable(entry);
      await fetchContent(source, entry, state.contentFile(entry), { objects, provedLater });
      doneBytes += entry.sizeBytes;
      progress({ type: 'bytes:advanced', phase: 'prepare', doneBytes, totalBytes });
    }
  };
  const note = (error: unknown): void => {
    failed ??= { error };
  };
  await Promise.all(Array.from({ length: filesAtOnce }, () => fetchNext().catch(note)));
  if (failed !== undefined) throw failed.error;
}

/** Not even its owner may read some files; root may. They were proved when they were written. */
function isProvable({ mode }: ListedFile): boolean {
  return mayGiveAway() || (mode & 0o400) !== 0;
}

export async function proveState(
  context: FilesContext,
  placement: FilesPlacement,
  signal: AbortSignal,
): Promise<Proof> {
  const { source } = context;
  const state = await openStaged(source, placement);
  const files = filesOf(state.listing).map(({ entry }) => entry);
  const breathe = createBreather(signal);
  for (const entry of files.filter(isProvable)) {
    await breathe();
    const found = await hashFile(state.contentFile(entry), entry.sizeBytes, signal).catch(noFile);
    if (found === entry.digest) continue;
    const reason = `${showName(entry.path)} is not what it was`;
    throw failure('RESTORE_NOT_PROVED', { source, reason });
  }
  return { checks: [`${countText(files.length, 'file')} byte for byte`] };
}

function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
