export { acquireLease, type Lease, type LeaseOptions } from './lease.ts';
