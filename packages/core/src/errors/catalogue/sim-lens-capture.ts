// What can go wrong with: capturing the frames of a lens. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simLensCapture = {
  LENS_UNWRITABLE: {
    message: 'The lens in {directory} cannot be written: {why}.',
    hint: 'Make room there, or choose another `--lens-dir`. A run that is at work goes on without it: the frames that are lost are named in the manifest, and as soon as the disk takes them there are frames again.',
    exit: exit.failed,
    retryable: true,
  },
  LENS_NOT_CLOSED: {
    message: 'The wait for the disk of the lens in {directory} was ended: {lost}.',
    hint: 'What was written can be read. A resume of the run names the frames that are missing, and `stillpoint lens compact` seals the file that was left open.',
    exit: exit.failed,
    retryable: true,
  },
  LENS_SAMPLE_TOO_LARGE: {
    message:
      'One sample of {field} takes {bytes} bytes; a lens keeps samples of at most {mostBytes}.',
    hint: 'Nothing was begun. Give the signal a shape whose first two dimensions are the long ones (the others are components of one sample), or capture it with `--lens-precision f32`.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_CHUNK_TOO_SMALL: {
    message:
      'Files of {chunkTicks} ticks cannot hold frames that are {strideTicks} ticks apart: there would be one for each frame, or none.',
    hint: 'Give `--lens-chunk-size` some hundred times the ticks of `--lens-stride`, and at least as many.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
