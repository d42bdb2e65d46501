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

  USAGE_INVALID: {
    message: '{problem}',
    hint: '{usage}',
    exit: exit.usage,
    retryable: false,
  },
  CONFIRMATION_NEEDED: {
    message: 'This {operation} replaces the live state, and nobody is here to confirm it.',
    hint: 'Add --yes if that is what you want. What is there now is kept: stillpoint undo brings it back.',
    exit: exit.usage,
    retryable: false,
  },
  NOT_CONFIRMED: {
    message: 'The {operation} was not confirmed.',
    hint: 'Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_UNKNOWN: {
    message: 'This project has no managed database called "{name}".',
    hint: '{known}',
    exit: exit.notFound,
    retryable: false,
  },
  DATABASE_AMBIGUOUS: {
    message: 'This project has several managed databases: {names}.',
    hint: 'Say which one with --source NAME.',
    exit: exit.usage,
    retryable: false,
  },
  PROGRAM_NOT_STARTED: {
    message: '{program} cannot be started.',
    hint: 'Is it installed, executable and on the PATH? After "--" comes the program itself, not a shell line: sh -c "..." runs one.',
    exit: exit.failed,
    retryable: false,
  },
  SNAPSHOTS_DAMAGED: {
    message: 'Damage was found in {damaged} of {checked} snapshots.',
    hint: 'Each damage is listed above. Snapshots without damage restore as ever; take a new one now: stillpoint snapshot',
    exit: exit.integrity,
    retryable: false,
  },
  DEMO_DIFFERS: {
    message: 'What came back differs from what was captured: {what}.',
    hint: 'This is a defect of Stillpoint. The directory {directory} is kept; please report it.',
    exit: exit.failed,
    retryable: false,
  },

  // --- project and config --------------------------------------------------------------------------------
  CONFIG_MISSING: {
    message:
      'There is no stillpoint.config.ts (or .mts, .js, .mjs, .json) in {directory} or above it.',
    hint: "Go to your project, name it with --project DIR, or write the file: the README's guide starts with one.",
    exit: exit.usage,
    retryable: false,
  },
  CONFIG_UNREADABLE: {
    message: '{file} cannot be read: {reason}',
    hint: 'Mend the file at that place. It runs as a module of its own: what it imports must be there too.',
    exit: exit.usage,
    retryable: false,
  },
  CONFIG_INVALID: {
    message: '{file}: {key} must be {expected}; it is {found}.',
    hint: 'docs/reference/config.md describes every key.',
    exit: exit.usage,
    retryable: false,
  },
  CONFIG_UNKNOWN_KEY: {
    message: '{file}: there is no key {key}.',
    hint: '{suggestion}',
    exit: exit.usage,
    retryable: false,
  },
  SETTING_PROTECTED: {
    message:
      '{file}: {key} cannot be set: Stillpoint needs {setting} as it is to capture and restore the database.',
    hint: 'Leave it out. Every setting that capture, recovery and privacy do not rest on is yours.',
    exit: exit.usage,
    retryable: false,
  },
  MEMBER_MISSING: {
    message: '{file}: the member {member} does not exist.',
    hint: 'Correct the path (it is relative to the project), or take it out. Was it deleted? stillpoint restore brings it back.',
    exit: exit.usage,
    retryable: false,
  },
  MEMBER_NOT_REPOSITORY: {
    message: '{file}: the member {member} is not a git repository.',
    hint: 'Run git init in it, or name the directory that holds .git.',
    exit: exit.usage,
    retryable: false,
  },
  MEMBER_OUTSIDE_PROJECT: {
    message: '{file}: the member {member} lies outside the project, in {place}.',
    hint: 'Members live below the directory of the configuration, also after symbolic links are followed. Move the configuration up, or the repository in.',
    exit: exit.usage,
    retryable: false,
  },
  MEMBER_TWICE: {
    message: '{file}: the members {first} and {second} are the same repository.',
    hint: 'Name it once.',
    exit: exit.usage,
    retryable: false,
  },
  PROJECT_NOT_WRITABLE: {
    message: 'The state directory {directory} cannot be written.',
    hint: 'Stillpoint keeps what it must remember of a project there: make it writable for you.',
    exit: exit.failed,
    retryable: false,
  },
  PROJECT_COPIED: {
    message: '{directory} is a copy of the project in {original}.',
    hint: 'To make it a project of its own, delete {file}: it then gets its own database, which "stillpoint restore" fills from a snapshot.',
    exit: exit.failed,
    retryable: false,
  },
  STATE_UNREADABLE: {
    message: 'The file {file} cannot be read or is no JSON.',
    hint: 'Look at the file. Snapshots are not in it; delete it only if you know what it held.',
    exit: exit.failed,
    retryable: false,
  },

  LEASE_HELD: {
    message:
      'Another Stillpoint command holds this project: {operation}, process {pid}, since {since}.',
    hint: 'Wait for it to end (--wait 60s waits for you), or look at process {pid}.',
    exit: exit.locked,
    retryable: true,
  },

  VAULT_OTHER: {
    message:
      'The vault at {where} is not the one that this project has used before (it is {found}, not {expected}).',
    hint: 'Is the right disk mounted, and does "vault" in the configuration name the right place? To begin anew there, remove "vaultId" from .stillpoint/project.json.',
    exit: exit.failed,
    retryable: false,
  },
  SOURCE_UNKNOWN: {
    message: 'The configuration has no managed database called "{name}"; it has: {known}.',
    hint: 'Use one of these names, or add the source to the configuration.',
    exit: exit.usage,
    retryable: false,
  },

  // --- freeze --------------------------------------------------------------------------------------------
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

  // --- federation (git) ----------------------------------------------------------------------------------
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

  // --- managed Postgres ----------------------------------------------------------------------------------
  POSTGRES_MAJOR_MISMATCH: {
    message: 'The data is that of Postgres {captured}; the server here is Postgres {present}.',
    hint: 'A data directory opens only with its own major version: use the Stillpoint that made it, or one that brings Postgres {captured}.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_ARCH_MISMATCH: {
    message: 'The data is that of a database on {captured}; this machine is {present}.',
    hint: 'A data directory opens only on its own platform and architecture. Restore it on such a machine and move the data with pg_dump.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_COLLATION_MISMATCH: {
    message:
      'The database {database} sorts by collation version {captured}; this machine has {present}.',
    hint: 'Its indexes may be in another order than this machine expects. Restore on a machine with the same C library or ICU.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_TABLESPACES: {
    message: 'The database uses tablespaces outside of its data directory: {tablespaces}.',
    hint: 'Move their tables back (ALTER TABLE ... SET TABLESPACE pg_default) and drop them; Stillpoint captures only the data directory.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_BASE_FAILED: {
    message: 'The base backup of the database failed: {reason}.',
    hint: 'Look at the log of the database. If it tells of bad page checksums, its disk or its data is damaged.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_WAL_LOST: {
    message: 'The write-ahead log from {from} on is gone: {reason}.',
    hint: 'Take the snapshot again: it begins with a new base backup.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_MARK_FAILED: {
    message: 'The database gave no restore point: {reason}.',
    hint: 'Nothing was captured. Look at the log of the database and take the snapshot again.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_RECORD_UNREADABLE: {
    message: 'What the snapshot says of its database cannot be read: {reason}.',
    hint: 'Was it taken by a newer Stillpoint? Install that one. Otherwise: stillpoint verify --deep',
    exit: exit.integrity,
    retryable: false,
  },
  POSTGRES_RECOVERY_FAILED: {
    message: 'The database could not be recovered to the moment of the snapshot: {reason}.',
    hint: 'The live database is as it was. stillpoint verify --deep reads the snapshot through; the server log is in {log}.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_CLIENTS_REMAIN: {
    message: 'Connections to the database did not end: {clients}.',
    hint: 'The database was opened again and nothing was switched. End these programs and restore again.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_BINARIES_MISSING: {
    message: 'There are no Postgres binaries for this machine ({platform}).',
    hint: 'Install the package {package} beside stillpoint; npm leaves optional dependencies out when told to, or when it cannot fetch them.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_USER_FAILED: {
    message: 'Postgres never runs as root, and its system user "{user}" cannot be used: {reason}.',
    hint: 'Run this once as root: {command}',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_RUNTIME_UNSAFE: {
    message: 'The directory {directory} cannot hold the sockets of Postgres: {reason}.',
    hint: 'Look at who made it, and remove or rename it; Stillpoint makes its own.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_CREATE_FAILED: {
    message: 'The database cluster could not be created: {reason}.',
    hint: 'Nothing was kept of it. See {log}, then run the command again.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_OTHER_USER: {
    message: 'The database of this project was made by {owner}, and this is {user}.',
    hint: 'Run the command as {owner}: root and ordinary users keep their databases in different places.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_NOT_CREATED: {
    message: 'This project has no database cluster yet.',
    hint: 'stillpoint db start makes it.',
    exit: exit.notFound,
    retryable: false,
  },
  POSTGRES_BUSY: {
    message:
      'Another command has been creating, starting or stopping this database for {seconds} seconds.',
    hint: 'Wait for it to end, or look for a stillpoint process that hangs.',
    exit: exit.locked,
    retryable: true,
  },
  POSTGRES_START_FAILED: {
    message: 'Postgres did not start: {reason}.',
    hint: 'The whole log is {file}. Its last lines:\n{log}',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_STOP_FAILED: {
    message: 'Postgres (process {pid}) does not end.',
    hint: 'Look at process {pid}; a hanging disk can keep a process from ending.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_UNREACHABLE: {
    message: 'The database cannot be reached: {reason}.',
    hint: 'stillpoint db status shows its state, stillpoint db start starts it.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_FILE_DAMAGED: {
    message: '{file} cannot be read: {reason}.',
    hint: 'Restore this file from a backup of the machine; the data beside it was not touched.',
    exit: exit.integrity,
    retryable: false,
  },
  PORT_TAKEN: {
    message: 'Port {port} on 127.0.0.1, which this database uses, is taken by {holder}.',
    hint: 'Stop it, or give the source another port in the configuration.',
    exit: exit.failed,
    retryable: true,
  },

  // --- vault ---------------------------------------------------------------------------------------------
  VAULT_MISSING: {
    message: 'There is no vault at {vault}.',
    hint: 'The first snapshot makes one. If there should be one, check "vault" in the configuration and that its disk is mounted.',
    exit: exit.notFound,
    retryable: false,
  },
  VAULT_TOO_NEW: {
    message:
      'The vault at {vault} has format {format}; this Stillpoint knows formats up to {supported}.',
    hint: 'Install a newer stillpoint. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_DAMAGED: {
    message: 'The vault at {vault} cannot be used: {reason}.',
    hint: 'Bring vault.json back from a copy of the vault, or name an empty directory for a new vault. Nothing was changed.',
    exit: exit.integrity,
    retryable: false,
  },
  VAULT_READ_ONLY: {
    message: 'The vault at {vault} cannot be written: {reason}.',
    hint: 'Check the owner and the permissions of that directory and whether its disk is mounted read-only.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_NO_ACCESS: {
    message: 'The vault at {vault} cannot be read: {reason}.',
    hint: 'Run as the user who owns that directory, or change its owner.',
    exit: exit.failed,
    retryable: false,
  },
  VAULT_NO_SPACE: {
    message: 'No space is left for the vault at {vault}.',
    hint: 'Make room on its disk and take the snapshot again. Older snapshots are unharmed.',
    exit: exit.noSpace,
    retryable: false,
  },
  VAULT_IO_FAILED: {
    message: 'The vault at {vault} failed to {operation} {key}: {reason}.',
    hint: 'Look at the disk or the network that the vault is on, then run the command again.',
    exit: exit.failed,
    retryable: true,
  },
  OBJECT_MISSING: {
    message: 'The vault at {vault} has no object {key}.',
    hint: 'stillpoint verify --deep shows which snapshots are harmed.',
    exit: exit.integrity,
    retryable: false,
  },
  OBJECT_EXISTS: {
    message: 'The vault at {vault} already has an object {key}.',
    hint: 'Objects of a vault never change. Run the command again.',
    exit: exit.failed,
    retryable: false,
  },
  CHUNK_DAMAGED: {
    message: 'Data in the vault is damaged: chunk {chunk} in {key} at offset {offset}: {reason}.',
    hint: 'stillpoint verify --deep shows which snapshots are harmed; restore one that is not.',
    exit: exit.integrity,
    retryable: false,
  },
  CHUNK_MISSING: {
    message: 'Data in the vault is missing: chunk {chunk} should be in {key} at offset {offset}.',
    hint: 'stillpoint verify shows which snapshots are harmed; restore one that is not.',
    exit: exit.integrity,
    retryable: false,
  },
  MANIFEST_DAMAGED: {
    message: 'Snapshot {id} cannot be read: its manifest {key} is damaged ({reason}).',
    hint: 'Other snapshots are unharmed: stillpoint list shows them.',
    exit: exit.integrity,
    retryable: false,
  },

  // --- snapshot and restore ------------------------------------------------------------------------------
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
    hint: 'Add it to the configuration again, as it was when the snapshot was taken.',
    exit: exit.usage,
    retryable: false,
  },
  TARGET_NOT_EMPTY: {
    message: 'The directory {directory} is not empty.',
    hint: 'Name a directory that is empty or does not exist yet, or restore in place without --into.',
    exit: exit.usage,
    retryable: false,
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
