// Every error that Stillpoint can tell a person, in one place. A code is API: it is never renamed and never
// used again for something else. Words in braces are filled from the error's data. `retryable` says that the
// same call may succeed later without anybody changing anything.
// docs/reference/errors.md is made from this table (npm run docs) and a test holds the two equal; another
// test proves that each code is thrown somewhere and each thrown code stands here.
import { exitCodes as exit } from './exit-codes.ts';

interface CatalogueEntry {
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
  readonly retryable: boolean;
}

export const catalogue = {
  // --- command -------------------------------------------------------------------------------------------
  NODE_TOO_OLD: {
    message: 'Node 24.15 or newer is needed, this is {version}.',
    hint: 'Install Node 24 from https://nodejs.org, or the package node-<os>-<arch>@24 beside stillpoint.',
    exit: exit.failed,
    retryable: false,
  },
  INTERRUPTED: {
    message: 'Interrupted while {doing}.',
    hint: 'Nothing is half-applied. Run the command again when you like.',
    exit: exit.interrupted,
    retryable: true,
  },

  // --- project and config --------------------------------------------------------------------------------

  LEASE_HELD: {
    message: 'Another Stillpoint command holds this project: {operation}, process {pid}, since {since}.',
    hint: 'Wait for it to end (--wait 60s waits for you), or look at process {pid}.',
    exit: exit.locked,
    retryable: true,
  },

  // --- freeze --------------------------------------------------------------------------------------------

  // --- federation (git) ----------------------------------------------------------------------------------

  // --- managed Postgres ----------------------------------------------------------------------------------

  // --- vault ---------------------------------------------------------------------------------------------

  // --- snapshot and restore ------------------------------------------------------------------------------
  DRIVER_FAULT: {
    message: 'The source {source} failed on purpose in {method}.',
    hint: 'Only tests meet this error.',
    exit: exit.failed,
    retryable: false,
  },
  REF_UNKNOWN: {
    message: 'No snapshot is called "{ref}".',
    hint: 'stillpoint list shows every id and name. A REF is an id, a unique prefix of one, a name, latest or latest~2.',
    exit: exit.notFound,
    retryable: false,
  },
  REF_AMBIGUOUS: {
    message: '"{ref}" could be any of {candidates}.',
    hint: 'Give more characters of the id.',
    exit: exit.notFound,
    retryable: false,
  },
  NAME_TAKEN: {
    message: 'The name "{name}" already belongs to snapshot {id}.',
    hint: 'Choose another --name.',
    exit: exit.usage,
    retryable: false,
  },
  NAME_INVALID: {
    message: '"{name}" cannot be the name of a snapshot.',
    hint: 'Use up to 64 letters, digits, dots, dashes and underscores, starting with a letter; not "latest", and nothing that looks like an id.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
