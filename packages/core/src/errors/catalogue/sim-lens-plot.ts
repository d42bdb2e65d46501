// What can go wrong with: pictures of a lens. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simLensPlot = {
  LENS_PLOT_EXISTS: {
    message: 'There is something at {file} already.',
    hint: 'Nothing was written. Choose another name, or move what is there away.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_PLOT_UNWRITABLE: {
    message: 'The picture {file} could not be written: {reason}.',
    hint: 'Nothing is left of it. Name a directory that is there and that you may write to, with room on its disk.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_PLOT_NAME: {
    message: 'The name {file} does not say a kind of picture that this plot can be: {known}.',
    hint: 'Let the name end in one of them. Only animations become .gif or .apng.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_PLOT_COMPONENT: {
    message: 'The field {field} has no component {component}: {known}.',
    hint: 'Components are counted from 0. Without `--component` the length of a vector is drawn.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_PLOT_UNFIT: {
    message: 'The field {field} cannot be drawn like that: {reason}.',
    hint: '`stillpoint lens info` says where the samples of a field are: on a grid, on a sphere, or at points.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_PLOT_NO_FRAMES: {
    message:
      'There are too few frames of {path} in what was asked for: {frames}, and {needed} are needed.',
    hint: '`stillpoint lens info` says which ticks have frames. Ask for more of them, or for the picture of one by `--tick`.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_PLOT_FONT_MISSING: {
    message: 'The font of pictures is not beside the program: {path}.',
    hint: 'Install @stillpoint/sim anew: it brings the font along.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
