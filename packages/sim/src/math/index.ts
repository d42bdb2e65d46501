export { det } from './det.ts';
