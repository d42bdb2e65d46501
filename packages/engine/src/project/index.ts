export {
  openProjectState,
  type BrokenSeal,
  type OpenProjectOptions,
  type ProjectState,
  type UndoPoint,
} from './state.ts';
