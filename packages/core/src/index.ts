// The explicit public list of @stillpoint/core.
export {
  appendLineDurable,
  createFileAtomic,
  fsyncDirectory,
  makeDirectory,
  nameFileDurable,
  removeFileDurable,
  writeFileAtomic,
  type WriteOptions,
} from './atomic-file.ts';
export { canonicalBytes, canonicalJson, type Json } from './canonical-json.ts';
export { systemClock, type Clock } from './clock.ts';
export {
  createBlockHasher,
  createHasher,
  digestFromHex,
  digestHex,
  digestOf,
  isDigest,
  type Digest,
  type Hasher,
} from './digest.ts';
export { durationText, parseDuration } from './duration.ts';
export { catalogue, catalogueSections, type ErrorCode } from './errors/catalogue.ts';
export { failure, isFailure, StillpointError, type ErrorData } from './errors/error.ts';
export { withoutPasswords } from './errors/redact.ts';
export { exitCodes } from './errors/exit-codes.ts';
export { freeMemory } from './free-memory.ts';
export { isSnapshotId, newSnapshotId, newUuid, type SnapshotId } from './ids.ts';
export { hasEnded, ownMachine, type MachineIdentity } from './machine-identity.ts';
export { identifyProcess, isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
export { yieldThreadToOthers, yieldToOthers } from './process-priority.ts';
export { silent, type ProgressEvent, type ProgressListener } from './progress.ts';
export { bytesText, countText } from './readable.ts';
export {
  s3ClientSettings,
  type S3ClientSettings,
  type S3Sdk,
  type S3ServerAddress,
} from './s3-client.ts';
export { parseSize, sizeText } from './size.ts';
export { programBeside, threadEnvironment } from './thread-start.ts';
