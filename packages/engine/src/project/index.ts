export {
  findProjectState,
  imagineProjectState,
  openProjectState,
  type BrokenSeal,
  type OpenProjectOptions,
  type ProjectState,
  type UndoPoint,
} from './state.ts';
