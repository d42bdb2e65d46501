export {
  findProjectState,
  imagineProjectState,
  openProjectState,
  partsOf,
  type BrokenSeal,
  type OpenProjectOptions,
  type ProjectState,
  type SealPart,
  type UndoPoint,
} from './state.ts';
