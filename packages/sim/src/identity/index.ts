export { compareIdentity } from './compare.ts';
