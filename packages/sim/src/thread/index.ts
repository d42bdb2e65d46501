// The door of what threads have in common.
export { copyBytes } from './copy-bytes.ts';
export { errorFrom, plainError, type PlainError } from './plain-error.ts';
export {
  createWatermark,
  waitForWatermark,
  watermarkOver,
  type Watermark,
  type WatermarkGoal,
} from './watermark.ts';
