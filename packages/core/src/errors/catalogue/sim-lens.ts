// What can go wrong with: the lens of a simulation. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simLens = {
  SIM_PEER_MISSING: {
    message: '{purpose} needs {name}, which is not installed beside @stillpoint/sim.',
    hint: 'Install it in the project: npm install {name}',
    exit: exit.failed,
    retryable: false,
  },
  LENS_FOREIGN: {
    message: '{path} is no file of a lens: {reason}.',
    hint: 'Nothing was changed. Files of a lens are named lens_snapshot_….lens, and .journal while they are open.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_VERSION: {
    message: '{path} has version {version} of the lens format; this program reads version {known}.',
    hint: 'Nothing was changed. Use a newer version of Stillpoint, or open it with any reader of Zarr 3.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_DAMAGED: {
    message: '{path} is damaged: {reason}.',
    hint: 'What is not named is whole and can be read. Restore the file from a snapshot that holds it.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_NOT_EMPTY: {
    message: '{directory} has frames already.',
    hint: 'Nothing was written. Go on with that run by `--resume`, choose another `--lens-dir`, or remove the frames with `stillpoint lens clear`.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_FIELDS_CHANGED: {
    message: 'The lens in {directory} holds other fields than this run would capture.',
    hint: 'Nothing was written. Capture the same fields in the same precision, or choose another `--lens-dir`.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_EMPTY: {
    message: '{path} holds no frames.',
    hint: 'Frames are captured by `stillpoint run … --lens-dir DIR --lens-fields …`.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_TICK_MISSING: {
    message: '{path} has no frame of tick {tick}. The nearest are: {near}.',
    hint: 'Frames are captured every so many ticks. Without `--exact` the nearest frame is used.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_PLACE_REFUSED: {
    message: 'The server did not give {what} as it was asked to (status {status}).',
    hint: 'A lens is read by range requests: the server must answer them with 206, and give the manifest.json of the run.',
    exit: exit.failed,
    retryable: true,
  },
  LENS_POSITION_OUTSIDE: {
    message: 'There is no value at {position}: it is outside of the samples ({bounds}).',
    hint: 'Ask for a position inside. `stillpoint lens info` says where the samples of a field are.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_LATITUDE_INVALID: {
    message: 'A latitude of {latitude} degrees is beyond the pole.',
    hint: 'Write the longitude first, then the latitude, from -90 to 90. A longitude may be any number: 190 is -170.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_METHOD_UNFIT: {
    message: 'The method {method} does not fit: {reason}.',
    hint: 'Use `nearest` or `idw`.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_SOME_DAMAGED: {
    message: 'Not all of {path} could be read: {reasons}',
    hint: 'What is not named is whole, and was read. Restore what is damaged from a snapshot that holds it; `stillpoint lens verify` lists all of it.',
    exit: exit.integrity,
    retryable: false,
  },
  LENS_PRUNE_NEEDS_YES: {
    message: 'Deleting frames has to be confirmed, and nobody is here to do it.',
    hint: 'Add --yes if that is what you want: what is deleted cannot be queried any more. --dry-run only shows it.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_MISSING: {
    message: 'There is no lens at {path}. Beside it are: {known}.',
    hint: 'Name a `.lens` file, the directory of a run, or a directory of runs with `--lens-dir`; `stillpoint lens info` lists its runs. Frames are captured by `stillpoint run … --lens-dir DIR`.',
    exit: exit.notFound,
    retryable: false,
  },
  LENS_FIELD_TWICE: {
    message: 'Two fields of the lens would have the name {field}.',
    hint: 'Name it once: by `--lens-fields` as the world declares it, or by `--lens-signals` as the signal itself.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_FIELD_FAILED: {
    message: 'The field {field} of the world {world} could not be sampled: {reason}.',
    hint: 'Correct its `from` in the definition of the world, or leave the field out of `--lens-fields`. The state of the run is not touched by it.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_RECORDER_LOST: {
    message: 'The thread that records the lens in {directory} was lost: {why}.',
    hint: 'The run goes on, and its frames are counted as dropped until another thread records. What was recorded can be read.',
    exit: exit.failed,
    retryable: true,
  },
  LENS_FIELD_UNKNOWN: {
    message: '{path} has no field {field}. It has: {known}.',
    hint: 'Fields are chosen when a run is captured: `--lens-fields`.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
