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
  RUN_WORLD_CHANGED: {
    message: 'The world is not the one that {file} was written by: {changes}.',
    hint: 'Bring the world back to what it was, or take over by name what can be taken over with --force-resume. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  RUN_CAPACITY_BELOW: {
    message: 'The checkpoint has {alive} of {entity} alive, and the world has room for {capacity}.',
    hint: 'Raise the capacity of the entity in the world. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  RUN_OWN_LOOP: {
    message: '{file} is a checkpoint of a loop of its own, not of a world.',
    hint: 'Start the program that wrote it; its checkpointer resumes from there.',
    exit: exit.usage,
    retryable: false,
  },
  RUN_INTERRUPTED: {
    message: 'The run was interrupted after tick {tick}. {kept}',
    hint: '{next}',
    exit: exit.interrupted,
    retryable: true,
  },
  WORLD_LINT: {
    message: 'In the code of the world {findings} places would make two runs of it differ.',
    hint: 'Change them as each says. What packages do is not looked at.',
    exit: exit.failed,
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
