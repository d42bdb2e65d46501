export { compareIdentity } from './compare.ts';
export { identify } from './identify.ts';
export { lintText, lintWorld, type Finding } from './lint.ts';
