// What can go wrong with: snapshot and restore. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const snapshotAndRestore = {
  RESTORE_NOT_PROVED: {
    message: 'What was restored of {source} is not what the snapshot says: {reason}.',
    hint: 'Nothing was switched; the live state is as it was. stillpoint verify --deep reads the snapshot through.',
    exit: exit.integrity,
    retryable: false,
  },
  DRIVER_FAULT: {
    message: 'The source {source} failed on purpose in {method}.',
    hint: 'Only tests meet this error.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_EMPTY: {
    message: 'There is no snapshot yet.',
    hint: 'Take the first: stillpoint snapshot -m "before anything breaks"',
    exit: exit.notFound,
    retryable: false,
  },
  MANIFEST_UNREADABLE: {
    message: 'The manifest of snapshot {id} does not have the form of format 1: {problem}.',
    hint: 'Its bytes are as they were written; a newer Stillpoint may read it. stillpoint verify {id} tells more.',
    exit: exit.integrity,
    retryable: false,
  },
  MANIFEST_TOO_NEW: {
    message: 'Snapshot {id} has manifest format {format}; this Stillpoint reads up to {supported}.',
    hint: 'Use the newer Stillpoint that took it.',
    exit: exit.failed,
    retryable: false,
  },
  NO_SPACE: {
    message: '{what} needs about {neededMb} MB on {where}, and only {freeMb} MB are free.',
    hint: 'Free some space there. Nothing was paused and nothing was changed.',
    exit: exit.noSpace,
    retryable: false,
  },
  DISK_FULL: {
    message: 'The disk became full while the restore of {source} was prepared.',
    hint: 'Free some space where {source} lies and restore again. Nothing was changed.',
    exit: exit.noSpace,
    retryable: false,
  },
  NOTHING_TO_CAPTURE: {
    message: 'The configuration names no member and no source, so there is nothing to capture.',
    hint: 'Add members (git repositories) or sources (databases) to the configuration.',
    exit: exit.usage,
    retryable: false,
  },
  NOTHING_TO_UNDO: {
    message: 'Nothing was restored here yet, so there is nothing to undo.',
    hint: 'stillpoint list shows the snapshots that you can restore.',
    exit: exit.notFound,
    retryable: false,
  },
  SOURCE_NOT_CONFIGURED: {
    message:
      'Snapshot {id} holds the source "{source}" ({driver}), which the configuration does not name.',
    hint: 'Add it to the configuration again, as it was when the snapshot was taken. Where the configuration is part of the code, stillpoint restore {id} --only . --break-seal brings it back.',
    exit: exit.usage,
    retryable: false,
  },
  SOURCE_MOVED: {
    message:
      'The files of the source "{source}" lay in {was} when snapshot {id} was taken; the configuration now says {is}.',
    hint: 'Name {was} in the configuration again and restore, or restore into an empty directory with --into. Nothing was changed.',
    exit: exit.usage,
    retryable: false,
  },
  SNAPSHOT_WITHOUT_CONFIG: {
    message: 'Snapshot {id} holds no configuration: it was taken by a program, not by the command.',
    hint: 'Write one that names this vault and the sources that stillpoint show {id} lists, and restore with it: stillpoint restore {id} --into DIR',
    exit: exit.usage,
    retryable: false,
  },
  TARGET_NOT_EMPTY: {
    message: 'The directory {directory} is not empty.',
    hint: 'Name a directory that is empty or does not exist yet, or restore in place without --into.',
    exit: exit.usage,
    retryable: false,
  },
  TARGET_UNUSABLE: {
    message: 'The directory {directory} cannot be made or read ({reason}).',
    hint: 'Name one that is yours to write, on a file system that is not read-only.',
    exit: exit.usage,
    retryable: false,
  },
  RESTORE_SOURCE_APPEARED: {
    message: 'The source "{source}" was not there when the restore began, and was made meanwhile.',
    hint: 'Nothing was changed. Restore again: what is there now then becomes part of the undo point.',
    exit: exit.failed,
    retryable: true,
  },
  RESTORE_FAILED: {
    message:
      'The restore of {id} failed at {step} and was taken back: everything is as it was before.',
    hint: 'Mend what the cause says, then restore again.',
    exit: exit.failed,
    retryable: true,
  },
  RESTORE_STUCK: {
    message: 'The restore of {id} can neither be finished nor taken back yet: {step} fails.',
    hint: 'Mend what the cause says (space, permissions), then run any stillpoint command: it goes on from here. Nothing is lost; the undo point is kept.',
    exit: exit.failed,
    retryable: true,
  },
  JOURNAL_DAMAGED: {
    message: 'The journal {file} is damaged at line {line}.',
    hint: 'It says how far a restore got. Do not delete it before you know: every snapshot in it is still in the vault.',
    exit: exit.integrity,
    retryable: false,
  },
  SNAPSHOT_HELD: {
    message: 'Snapshot {id} is held, so it is not forgotten.',
    hint: 'Let go of it first if that is what you want: stillpoint hold {id} --release',
    exit: exit.usage,
    retryable: false,
  },
  SNAPSHOT_NOT_REBASED: {
    message: 'Snapshot {id} was not rebased: {reason}.',
    hint: 'It is as it was, and restores as before.',
    exit: exit.failed,
    retryable: false,
  },
  UNDO_POINT_NEEDED: {
    message: 'Snapshot {id} is the undo point that `stillpoint undo` goes back to{where}.',
    hint: 'Add --undo-point to forget it all the same. The last restore can then no longer be taken back.',
    exit: exit.usage,
    retryable: false,
  },
  LAST_SNAPSHOT: {
    message: 'No other good snapshot of {directory} would remain.',
    hint: 'Take a new one first (stillpoint snapshot), or add --last to forget it all the same.',
    exit: exit.usage,
    retryable: false,
  },
  SEAL_WOULD_BREAK: {
    message:
      'Restoring only {sources} of snapshot {id} would break the seal: {others} would stay as they are now, from another moment.',
    hint: 'Restore the whole snapshot, or this part beside it (--into DIR), or add --break-seal: the mix is then recorded, and the gate warns of it.',
    exit: exit.usage,
    retryable: false,
  },
  SOURCE_NOT_IN_SNAPSHOT: {
    message: 'Snapshot {id} holds no source and no member called "{source}".',
    hint: 'It holds {known}.',
    exit: exit.notFound,
    retryable: false,
  },
  REF_UNKNOWN: {
    message: 'No snapshot is called "{ref}".',
    hint: 'stillpoint list shows every id and name. A REF is an id, a unique prefix of one, a name, latest or latest~2.',
    exit: exit.notFound,
    retryable: false,
  },
  LATEST_OF_WHICH: {
    message:
      'The vault holds snapshots of several projects, so "{ref}" could be any of {candidates}.',
    hint: 'Name one by its id.',
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
