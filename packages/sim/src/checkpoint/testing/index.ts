// What tests of other rooms need to write a checkpoint.
export * from './states.ts';
