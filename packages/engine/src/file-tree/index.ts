// Live trees of files, as the drivers of repositories and of plain directories see them: names, stats, reading, durability.
export { targetBehindLink } from './behind-link.ts';
export { createBreather } from './breather.ts';
export { makeTreeDurable, syncFileSystem } from './durable.ts';
export { isRacy, kindOf, reduceStats, sameStat, statOf, type FileStat } from './file-stat.ts';
export {
  byBytes,
  bytesOfName,
  decodeName,
  directoriesAbove,
  encodeName,
  isSafeName,
  nameOfBytes,
  nameOfText,
  parentOf,
  pathsBelow,
  showName,
  type ByteName,
  type EncodedName,
  type FsPath,
} from './names.ts';
export { readPieces, readTarget, readWhole, smallFileBytes } from './read-file.ts';
export { openStatCache, type Remembered, type StatCache } from './stat-cache.ts';
export { whileThere } from './while-there.ts';
