// The package's second door: a project that is opened only to look at its snapshots. No driver is loaded, no server's client, nothing
// that restores, which is most of the engine: so a list is there at once, and a shell that completes names need not wait.
import type { CallOptions, DamagedSnapshot, SnapshotSummary } from './api.ts';
import type { EngineEnvironment } from './compose.ts';
import { openShelf } from './compose-shelf.ts';
import type { ResolvedConfig } from './config/index.ts';
import { listSnapshots } from './snapshot/index.ts';

export { findConfig, loadConfig } from './config/index.ts';

export interface Reader extends AsyncDisposable {
  /** As Stillpoint's own. */
  list(options?: CallOptions): Promise<readonly (SnapshotSummary | DamagedSnapshot)[]>;
}

/** Rejects as createStillpoint() does. */
export async function openReader(
  config: ResolvedConfig,
  environment: EngineEnvironment,
): Promise<Reader> {
  const shelf = await openShelf(config, environment);
  return {
    list: ({ signal } = {}) => listSnapshots(shelf, signal),
    [Symbol.asyncDispose]: () => shelf.vault[Symbol.asyncDispose](),
  };
}
