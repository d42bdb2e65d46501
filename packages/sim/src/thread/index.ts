// The door of what threads have in common.
export { programBeside, threadEnvironment } from './start.ts';
export {
  createWatermark,
  waitForWatermark,
  watermarkOver,
  type Watermark,
  type WatermarkGoal,
} from './watermark.ts';
