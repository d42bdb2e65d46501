// What can go wrong with: project. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const project = {
  CONFIG_MISSING: {
    message:
      'There is no stillpoint.config.ts (or .mts, .js, .mjs, .json) in {directory} or above it.',
    hint: 'Go to your project, name it with --project DIR, or let `stillpoint init` write the file.',
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
  SOURCE_URL_MISSING: {
    message:
      'The address of source "{source}" is not known: {variable} is neither in the environment nor in {file}.',
    hint: 'Set {variable} to a postgresql:// address, or name another variable or file in the configuration.',
    exit: exit.usage,
    retryable: false,
  },
  SOURCE_URL_INVALID: {
    message:
      'The address of source "{source}", in {variable}, is not one of a Postgres server: {reason}.',
    hint: 'It looks like postgresql://user:password@host:5432/database; @, /, ? and # in a password are written as %40, %2F, %3F and %23.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
