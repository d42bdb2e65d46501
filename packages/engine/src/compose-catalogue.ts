// Where a project remembers what it read of its vault: in its own cache, by the vault, for a project can be given another one.
import path from 'node:path';
import { createRowFile } from './catalog/index.ts';
import type { ProjectState } from './project/index.ts';
import { createCatalogue, OUTLINE_FORM, type Catalogue } from './snapshot/index.ts';
import type { Vault } from './vault/index.ts';

export function openCatalogue(
  vault: Vault,
  { cacheDirectory }: Pick<ProjectState, 'cacheDirectory'>,
): Catalogue {
  const file = path.join(cacheDirectory, 'snapshots', vault.id);
  const form = `${OUTLINE_FORM} of ${vault.id}`;
  return createCatalogue(vault, createRowFile({ file, seal: vault, form }));
}
