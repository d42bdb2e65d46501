// What can go wrong with: federation. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const federation = {
  GIT_MISSING: {
    message: 'git was not found.',
    hint: 'Install git 2.31 or newer (apt install git) and see that it is on the PATH.',
    exit: exit.failed,
    retryable: false,
  },
  GIT_FAILED: {
    message: 'git {command} failed: {words}',
    hint: "The words above are git's own. `git fsck` in the member tells whether its repository is whole.",
    exit: exit.failed,
    retryable: false,
  },
  MEMBER_BARE: {
    message: 'The member {member} is a bare repository: {directory}.',
    hint: 'Name a repository with a work tree.',
    exit: exit.failed,
    retryable: false,
  },
  MEMBER_UNSUPPORTED: {
    message: 'The member {member} uses {what}, which cannot be captured.',
    hint: 'Convert the repository, or take it out of `members`.',
    exit: exit.failed,
    retryable: false,
  },
  PARTIAL_CLONE: {
    message: 'The member {member} is a partial clone: parts of its history are only at {remote}.',
    hint: 'Fetch everything: git fetch --refetch --no-filter, then unset remote.{remote}.promisor and remote.{remote}.partialclonefilter.',
    exit: exit.failed,
    retryable: false,
  },
  NESTED_REPOSITORY: {
    message: 'The member {member} holds another repository that is no member: {nested}.',
    hint: 'Add {nested} to `members`, or ignore it in .gitignore.',
    exit: exit.failed,
    retryable: false,
  },
  SUBMODULE_NOT_MEMBER: {
    message: 'The submodule {submodule} of {member} is no member.',
    hint: 'Add {submodule} to `members`, or remove its work tree: git submodule deinit.',
    exit: exit.failed,
    retryable: false,
  },
  MEMBER_SPECIAL_FILE: {
    message: '{file} in the member {member} is a socket, a pipe or a device.',
    hint: 'Remove it or put it elsewhere: only files, links and directories can be captured.',
    exit: exit.failed,
    retryable: false,
  },
  MEMBER_UNREADABLE: {
    message: '{file} in the member {member} cannot be read.',
    hint: 'Make it readable for the user who runs stillpoint, or add it to .gitignore.',
    exit: exit.failed,
    retryable: false,
  },
  MEMBER_DAMAGED: {
    message: 'The repository of the member {member} is damaged: {what}.',
    hint: 'Look at `git fsck`, and bring the missing objects back from a remote or a snapshot.',
    exit: exit.integrity,
    retryable: false,
  },
  MEMBER_BUSY: {
    message: 'The member {member} kept changing while its mark was taken: {what}.',
    hint: 'Let the git command in it end, or let a participant hold its writer, and try again.',
    exit: exit.failed,
    retryable: true,
  },
  MEMBER_CHANGES_TOO_LARGE: {
    message:
      'More than {limitMb} MB changed in the member {member} while the snapshot was prepared.',
    hint: 'Try again when less is being written, or ignore large files and capture them as a source.',
    exit: exit.failed,
    retryable: true,
  },
  MEMBER_RECORD_INVALID: {
    message: "The snapshot's record of the member {member} cannot be understood: {what}.",
    hint: 'Use the Stillpoint that took the snapshot, or a newer one.',
    exit: exit.integrity,
    retryable: false,
  },
  MEMBER_NOT_PROVED: {
    message: 'The prepared state of the member {member} is not whole: {what}.',
    hint: 'Nothing was changed. Run stillpoint verify --deep, and restore another snapshot if it finds damage.',
    exit: exit.integrity,
    retryable: false,
  },
  MEMBER_LOCKED: {
    message: 'A git command seems to be running in the member {member}: {file} exists.',
    hint: 'Wait for it to end. If none runs, remove the file.',
    exit: exit.locked,
    retryable: true,
  },
  MEMBER_IN_THE_WAY: {
    message: 'The member {member} cannot be put back in its place: {what}.',
    hint: 'Nothing was changed. Move what is there out of the way, or restore beside it with --into DIR.',
    exit: exit.failed,
    retryable: false,
  },
  MEMBER_CHECKOUT_FAILED: {
    message: 'The member {member} could not be brought to the snapshot: {what}.',
    hint: 'See that {file} can be written, then run the command again.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
