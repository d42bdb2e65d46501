export {
  openProjectState,
  type OpenProjectOptions,
  type ProjectState,
  type UndoPoint,
} from './state.ts';
