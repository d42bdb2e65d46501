// What can go wrong with: the export of a lens. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simLensExport = {
  LENS_EXPORT_EXISTS: {
    message: '{output} is there already.',
    hint: 'It was left as it is. Choose another --output, or remove it yourself.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_EXPORT_FULL: {
    message: 'The disk became full while {output} was written.',
    hint: 'What was written of it was removed. Free some space there, or export fewer --fields or --ticks.',
    exit: exit.noSpace,
    retryable: true,
  },
  LENS_EXPORT_REFUSED: {
    message: '{output} cannot be written: {reason}.',
    hint: 'Nothing was written. Choose another --output, or make its directory first.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_EXPORT_FAILED: {
    message: '{output} could not be written: {reason}.',
    hint: 'What was written of it was removed. Choose another --output or another --format.',
    exit: exit.failed,
    retryable: false,
  },
  LENS_EXPORT_TABLES: {
    message: 'The fields are several tables, and {output} would be one file. They are: {tables}.',
    hint: 'Choose those of one table by --fields, or write all of them as a directory by --partition.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_EXPORT_PARTITION: {
    message: 'There are no partitions of {format}: it has arrays, not rows.',
    hint: 'Leave --partition out, or use --format parquet, arrow or csv.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_EXPORT_UNLIKE: {
    message:
      'The field {field} of {run} has another unit, shape or topology than that of other runs.',
    hint: 'Nothing was written. Export one run by --run, or as arrays by --format zarr or hdf5.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_EXPORT_TWICE: {
    message: 'The run {run} is there twice: in {one} and in {other}.',
    hint: 'Nothing was written. Export one of the two.',
    exit: exit.usage,
    retryable: false,
  },
  LENS_EXPORT_UNEVEN: {
    message: '{field} has {count} samples at tick {tick}, and its topology has room for {samples}.',
    hint: 'What was written was removed. Use --format parquet, arrow or csv, which hold any number of samples.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
