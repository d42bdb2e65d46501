// What can go wrong with: the queue. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceQueue = {
  QUEUE_NOT_INSTALLED: {
    message: 'The database "{database}" has no tables of the queue.',
    hint: 'Run stillpoint migrate, or installChambers() with queuePart, as the role that owns the database.',
    exit: exit.failed,
    retryable: false,
  },
  QUEUE_JOB_UNKNOWN: {
    message: 'The job "{job}" is used for the first time inside of a transaction of PGlite.',
    hint: 'Enqueue or work it once outside of a transaction before: PGlite has no second connection on which its row could be made.',
    exit: exit.failed,
    retryable: false,
  },
  QUEUE_JOB_DIFFERS: {
    message:
      'The job "{job}" was defined with singleton "{was}" and is now defined with "{wanted}".',
    hint: 'Give the new kind of job another name: what waits under the old name was enqueued under the old rule.',
    exit: exit.failed,
    retryable: false,
  },
  QUEUE_DATA_INVALID: {
    message: 'The data is not what the job "{job}" takes: {why}.',
    hint: 'Correct the data. A job that was stored with it fails without another look; correct its schema and enqueue it again.',
    exit: exit.failed,
    retryable: false,
  },
  QUEUE_SCHEDULE_INVALID: {
    message: 'The job "{job}" cannot be scheduled by "{cron}": {why}',
    hint: 'Write five fields, minutes first ("30 4 * * 1-5"), and a time zone as IANA names it ("Europe/Berlin").',
    exit: exit.failed,
    retryable: false,
  },
  QUEUE_JOB_CANCELLED: {
    message: 'The job {job} was cancelled.',
    hint: 'Stop: nothing that the handler does in its transaction from now on is kept.',
    exit: exit.failed,
    retryable: false,
  },
  QUEUE_JOB_EXPIRED: {
    message: 'The job "{job}" took longer than {afterMs} ms.',
    hint: 'Give the job a longer `expire`, or do less in one job. It counts as a failed attempt.',
    exit: exit.failed,
    retryable: true,
  },
  QUEUE_CLAIM_LOST: {
    message: "A job is not this worker's any more.",
    hint: 'Stop: another worker does it. It happens when the connection to the server broke, or this process stood still for too long.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
