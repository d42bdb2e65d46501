// What can go wrong with: runs of simulations. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simRun = {
  RUN_STEP_FAILED: {
    message: 'The world {world} failed in {where} at tick {tick}: {reason}',
    hint: 'Mend the world. The state before this tick is whole; a run with checkpoints goes on from its newest with --resume.',
    exit: exit.failed,
    retryable: false,
  },
  RUN_PARAMETER_UNKNOWN: {
    message: 'The world {world} has no parameter "{name}".',
    hint: '{known}',
    exit: exit.usage,
    retryable: false,
  },
  RUN_PARAMETER_INVALID: {
    message: 'The parameter {name} cannot be {value}.',
    hint: 'Give a number {range}.',
    exit: exit.usage,
    retryable: false,
  },
  WORLD_NOT_REWRITTEN: {
    message: '{signal} holds a value that no step wrote, at index {index} (stratum: {stratum}).',
    hint: 'A stratum with "rewrites" writes every element of what it names, and nobody reads those before. Do so, or take the name out of its "rewrites".',
    exit: exit.failed,
    retryable: false,
  },
  WORLD_CAPACITY: {
    message: 'One more {entity} was born than the world has room for: {capacity}.',
    hint: 'Raise the capacity of the entity in the world, or let fewer be born.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
