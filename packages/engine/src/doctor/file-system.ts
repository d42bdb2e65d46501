// The kind of a file system, by the number that the kernel gives it.
import { statfs } from 'node:fs/promises';
import path from 'node:path';

export interface FileSystem {
  readonly name: string;
  /** Files can be cloned without copying them. */
  readonly clones: boolean;
  readonly network: boolean;
  /** Gone with the next boot. */
  readonly volatile: boolean;
  readonly freeBytes: number;
}

const plain = { clones: false, network: false, volatile: false };

/** Of statfs(2); Linux only. */
const kinds: ReadonlyMap<number, Omit<FileSystem, 'freeBytes'>> = new Map([
  [0xef53, { ...plain, name: 'ext' }],
  [0x58465342, { ...plain, name: 'XFS', clones: true }],
  [0x9123683e, { ...plain, name: 'Btrfs', clones: true }],
  [0xca451a4e, { ...plain, name: 'bcachefs', clones: true }],
  [0x2fc12fc1, { ...plain, name: 'ZFS' }],
  [0xf2f52010, { ...plain, name: 'F2FS' }],
  [0x794c7630, { ...plain, name: 'overlayfs' }],
  [0x01021994, { ...plain, name: 'tmpfs', volatile: true }],
  [0x858458f6, { ...plain, name: 'ramfs', volatile: true }],
  [0x6969, { ...plain, name: 'NFS', network: true }],
  [0xff534d42, { ...plain, name: 'CIFS', network: true }],
  [0xfe534d42, { ...plain, name: 'SMB', network: true }],
  [0x00c36400, { ...plain, name: 'Ceph', network: true }],
  [0x65735546, { ...plain, name: 'FUSE' }],
  [0x01021997, { ...plain, name: '9p', network: true }],
]);

/** Of the directory, or the nearest one above it that is there. */
export async function readFileSystem(directory: string): Promise<FileSystem> {
  const { type, bavail, bsize } = await statfs(await nearestExisting(directory));
  const known = process.platform === 'linux' ? kinds.get(type) : undefined;
  return { ...plain, name: 'another kind', ...known, freeBytes: bavail * bsize };
}

export async function nearestExisting(directory: string): Promise<string> {
  const there = await statfs(directory).then(
    () => true,
    () => false,
  );
  return there || path.dirname(directory) === directory
    ? directory
    : nearestExisting(path.dirname(directory));
}
