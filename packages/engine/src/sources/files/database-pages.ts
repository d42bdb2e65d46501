// Files of databases are stored page by page (StreamHints). That a file is one is told by its beginning; a mistake costs nothing but
// a little room, for whatever the pages hold comes back as it was.
//   SQLite    "SQLite format 3\0", at 16 the size of a page, big-endian, 1 for 65536      https://sqlite.org/fileformat2.html
//   Postgres  each page of a table or an index has at 18 its size, of which the lowest byte is the layout's version, 4 since 8.3
//             (pd_pagesize_version of src/include/storage/bufpage.h), in the byte order of the machine: little-endian
const sqliteMagic = Buffer.from('SQLite format 3\0', 'latin1');
const sqlitePageBytesAt = 16;
const postgresSizeAndVersionAt = 18;
const postgresLayout = 4;
const startBytes = 20;
/** Smaller ones are stored as they are anyway. */
const pagesMin = 32;

/** undefined: it is no database's, or a small one. `start` is the first bytes of the file. */
export function databasePageBytes(start: Buffer, fileBytes: number): number | undefined {
  if (start.length < startBytes) return undefined;
  const pageBytes = sqlitePageBytes(start) ?? postgresPageBytes(start);
  if (pageBytes === undefined || fileBytes % pageBytes !== 0) return undefined;
  return fileBytes >= pagesMin * pageBytes ? pageBytes : undefined;
}

function sqlitePageBytes(start: Buffer): number | undefined {
  if (!start.subarray(0, sqliteMagic.length).equals(sqliteMagic)) return undefined;
  const written = start.readUInt16BE(sqlitePageBytesAt);
  const pageBytes = written === 1 ? 65_536 : written;
  return isPowerOfTwo(pageBytes) && pageBytes >= 512 ? pageBytes : undefined;
}

function postgresPageBytes(start: Buffer): number | undefined {
  const sizeAndVersion = start.readUInt16LE(postgresSizeAndVersionAt);
  if ((sizeAndVersion & 0xff) !== postgresLayout) return undefined;
  const pageBytes = sizeAndVersion & 0xff00;
  return isPowerOfTwo(pageBytes) && pageBytes >= 1024 && pageBytes <= 32_768
    ? pageBytes
    : undefined;
}

function isPowerOfTwo(bytes: number): boolean {
  return bytes > 0 && (bytes & (bytes - 1)) === 0;
}
