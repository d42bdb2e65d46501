// Why a file of somebody's choice cannot be written, in words that go on after "... cannot be written: ".

/** By the codes of the system; undefined: it is not the file's place that is at fault. A full disk is told by who writes. */
export const WHY_UNWRITABLE: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'its directory is not there',
  ENOTDIR: 'its directory is a file',
  EACCES: 'its directory may not be written to',
  EPERM: 'its directory may not be written to',
  EROFS: 'its file system can only be read',
  ENAMETOOLONG: 'its name is too long',
  EFBIG: 'it would be larger than a file can be there',
};
