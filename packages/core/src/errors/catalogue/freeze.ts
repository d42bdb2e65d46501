// What can go wrong with: freeze. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const freeze = {
  FREEZE_BUDGET_EXCEEDED: {
    message:
      'The freeze was given up after {waitedMs} ms (budget {budgetMs} ms): {who}. Everything runs again.',
    hint: 'Keep guarded transactions short (docs/guide/holding-still.md), or raise freeze.budget.',
    exit: exit.freezeAborted,
    retryable: true,
  },
  FREEZE_LOST: {
    message: 'The freeze ended before its marks were complete: {who}. They were thrown away.',
    hint: 'Run the command again. It happens when Stillpoint was stopped, or a participant or its server was restarted, in the freeze.',
    exit: exit.freezeAborted,
    retryable: true,
  },
  PARTICIPANT_FAILED: {
    message: 'Participant "{participant}" could not {action}: {why}',
    hint: 'Correct the participant in the configuration or in the application. Nothing was captured.',
    exit: exit.freezeAborted,
    retryable: false,
  },
  RESUME_FAILED: {
    message:
      'Participant "{participant}" could not be resumed in {attempts} attempts and may still be suspended: {why}',
    hint: 'Run this by hand: {byHand}. Every following stillpoint command tries it again.',
    exit: exit.failed,
    retryable: true,
  },
  RESUME_JOURNAL_DAMAGED: {
    message: 'The list of participants to resume, {file}, cannot be read.',
    hint: 'Make sure that your participants run, then remove that file.',
    exit: exit.integrity,
    retryable: false,
  },
  WATCHDOG_FAILED: {
    message: 'The watchdog that would end a freeze in our stead could not be started: {why}',
    hint: 'Nothing was paused. Look at the memory and process limits of this machine.',
    exit: exit.freezeAborted,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
