// What can go wrong with: checkpoints of a loop of the user's own. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simOwnLoop = {
  RUN_ARRAY_DETACHED: {
    message:
      'The array {name} of the state shows to memory that is gone, so nothing was stored of it.',
    hint: 'Memory of WebAssembly moves when it grows. Let state() make its views anew each time.',
    exit: exit.failed,
    retryable: false,
  },
  RUN_NOT_RESTORED: {
    message:
      'The run {run} has checkpoints up to tick {tick}, and this loop began without restoring one of them.',
    hint: 'Call restore() before the loop, or give the checkpointer another runId: two histories in one run could not be told apart.',
    exit: exit.failed,
    retryable: false,
  },
  RUN_HAS_NEWER: {
    message:
      'The run {run} has a newer checkpoint, of tick {newest}, than the one of tick {tick} that was to be restored.',
    hint: 'Leave out runId, so that a new run goes on from the older one, or delete the newer ones with stillpoint checkpoint prune.',
    exit: exit.failed,
    retryable: false,
  },
  CKPT_NOT_OWN: {
    message: '{file} is a checkpoint of the world {world}, not of a loop of your own.',
    hint: 'Resume it with stillpoint run --resume, or read its arrays with stillpoint checkpoint export.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
