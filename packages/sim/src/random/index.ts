export { seedStream, streamOver } from './xoshiro.ts';
