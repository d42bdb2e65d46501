export { defineWorld } from './define.ts';
export { loadWorld } from './load.ts';
export { parametersOf } from './parameters.ts';
