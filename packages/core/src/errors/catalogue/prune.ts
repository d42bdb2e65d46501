// What can go wrong with: writers' sessions, prune and retention. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const prune = {
  SESSION_ENDED: {
    message:
      "Somebody ended this writer's session with the vault at {vault}, so nothing was sealed: what it built on may be gone.",
    hint: 'Run the command again. stillpoint prune --end-session is for sessions whose process is known to be dead.',
    exit: exit.failed,
    retryable: true,
  },
  SNAPSHOT_OVERTAKEN: {
    message:
      'What this snapshot took over from an earlier one was deleted meanwhile, so nothing was sealed: {reason}',
    hint: 'Take the snapshot again: it then stores that anew.',
    exit: exit.failed,
    retryable: true,
  },
  SESSION_UNKNOWN: {
    message: 'The vault at {vault} has no open session {id}.',
    hint: 'stillpoint prune --dry-run lists the sessions that are open.',
    exit: exit.notFound,
    retryable: false,
  },
  PRUNE_MARK_DAMAGED: {
    message: 'The vault at {vault} holds a mark of prune that cannot be read: {key} ({reason}).',
    hint: 'Run stillpoint vault repair: it replaces the mark and loses nothing. Do not delete the mark by hand: a prune that has read it may still run somewhere.',
    exit: exit.integrity,
    retryable: false,
  },
  PRUNE_UNSURE: {
    message: 'Nothing was deleted, for it cannot be told what snapshot {id} needs: {reason}.',
    hint: 'stillpoint verify shows the damage. Repair the vault, or forget that snapshot by its whole id; then prune again.',
    exit: exit.integrity,
    retryable: false,
  },
  PRUNE_COPY_DAMAGED: {
    message: 'The vault at {vault} does not give back what was just put into it: {key} ({reason}).',
    hint: 'Nothing that is needed was deleted. Look at the disk or the network that the vault is on, then prune again.',
    exit: exit.integrity,
    retryable: true,
  },
  PRUNE_NEEDS_YES: {
    message: 'This {operation} has to be confirmed, and nobody is here to do it.',
    hint: 'Add --yes if that is what you want. stillpoint prune --dry-run only shows what would be done.',
    exit: exit.usage,
    retryable: false,
  },
  RETENTION_KEEPS_NOTHING: {
    message: 'No rule says what to keep, so everything would be forgotten.',
    hint: 'Name at least one, e.g. --keep-last 10 --keep-daily 7, or "retention" in the configuration.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
