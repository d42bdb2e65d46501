// doctor: what the rest may use.
export type {
  Area,
  Attempt,
  DatabaseRemark,
  DoctorReport,
  Finding,
  Level,
  Patient,
} from './contract.ts';
export { AREAS } from './contract.ts';
export type { Machine } from './check-machine.ts';
export { examinePatient, examineWithout } from './examine.ts';
