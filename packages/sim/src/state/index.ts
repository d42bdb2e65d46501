export { clockOf } from './clock.ts';
export { arrayOf, createSet, setOver } from './create-set.ts';
export { aliveElements, hashState } from './hash-state.ts';
export { bytesPerElement, INSTANCES, layoutOf, WORDS_PER_STREAM } from './layout.ts';
export { numberArrays } from './number-arrays.ts';
export { createRotation, type RotationOptions } from './rotation.ts';
