export { keyedRandom, philox2x32, type KeyedRandom } from './philox.ts';
export { seedStream, streamOver } from './xoshiro.ts';
