export { defineWorld } from './define.ts';
export { describeWorld } from './describe.ts';
export { loadWorld } from './load.ts';
export { parametersOf } from './parameters.ts';
