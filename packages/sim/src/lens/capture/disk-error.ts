// What the system says of a disk, told as an error of our own.
import { failure } from '@stillpoint/core';

/** Anything else as it is. */
export function unlessUnwritable(error: unknown, directory: string): unknown {
  const { errno, message: why } = error as NodeJS.ErrnoException;
  return errno === undefined ? error : failure('LENS_UNWRITABLE', { directory, why }, error);
}
