// What can go wrong with: the definition of a world. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simWorld = {
  WORLD_INVALID: {
    message: 'The world that {definedAt} defines is not valid: {path} {reason}.',
    hint: 'Nothing was run. Correct the definition at that place.',
    exit: exit.failed,
    retryable: false,
  },
  WORLD_NAME_TAKEN: {
    message: 'The world that {definedAt} defines has one name twice: {path} and {other}.',
    hint: 'Nothing was run. Give one of the two another name. Names that differ only in how Unicode writes them are one.',
    exit: exit.failed,
    retryable: false,
  },
  WORLD_PARAMETER_UNKNOWN: {
    message: 'The world {world} has no parameter {parameter}. It has: {known}.',
    hint: 'Nothing was run. `stillpoint world show` prints the parameters of a world.',
    exit: exit.usage,
    retryable: false,
  },
  WORLD_PARAMETER_INVALID: {
    message:
      'The parameter {parameter} cannot be {given}. It is a number from {minimum} to {maximum}.',
    hint: 'Nothing was run. Give it a value inside its bounds, or change the bounds in the definition of the world.',
    exit: exit.usage,
    retryable: false,
  },
  WORLD_TOO_LARGE: {
    message: 'One state of the world takes at least {bytes}, much of it in {where}, and {limit}.',
    hint: 'Make the shape or the capacity smaller, take a smaller dtype, or run it where there is more memory.',
    exit: exit.failed,
    retryable: false,
  },
  WORLD_NOT_FOUND: {
    message: 'There is no world in {place}.',
    hint: 'Name the file whose default export is what defineWorld gives, or a directory that has a world.ts, or a package.json that names it as "world" under "stillpoint".',
    exit: exit.notFound,
    retryable: false,
  },
  WORLD_BROKEN: {
    message: 'The world in {file} cannot be loaded: {reason}',
    hint: 'Correct the file. Its default export is what defineWorld gives, and all that it imports can be found from there.',
    exit: exit.failed,
    retryable: false,
  },
  WORLD_ASSET_UNREADABLE: {
    message: 'The asset {asset} cannot be read from {file}: {reason}',
    hint: 'Put the file there, or correct its path under "assets". Paths are relative to the file of the world.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
