// Stored zips: files that hold named byte ranges as they are, so that other tools open them and we read a range without the rest.
// Source: PKWARE's APPNOTE 6.3.10, with its zip64 records where a file is larger than 4 GB.

/** Something that can be read in pieces: a file, an object of S3, a file behind HTTP. */
export interface RangeSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Just these bytes, or it throws. */
  read(offsetBytes: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The same into memory that is there already: for whoever reads much. */
  readInto?(target: Uint8Array, offsetBytes: number, signal?: AbortSignal): Promise<void>;
}

export interface ZipEntry {
  readonly name: string;
  /** Of its first byte in the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly crc32: number;
}
