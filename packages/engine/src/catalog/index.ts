export { acquireLease, type Lease, type LeaseOptions } from './lease.ts';
export {
  createRowFile,
  createRowMemory,
  type LocalSeal,
  type RowFile,
  type RowFileOptions,
} from './row-file.ts';
