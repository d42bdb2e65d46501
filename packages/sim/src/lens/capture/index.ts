// The door of capture.
export { createLensCapture } from './capture.ts';
export { lensFieldsOf, type AskedFields } from './fields.ts';
export { createSampler, type Sampler } from './sampler.ts';
export { parsePrecision, precisionText } from '../precision.ts';
export type {
  LensCapture,
  LensCaptureOptions,
  LensEvent,
  LensMark,
  SampledField,
  SampledFrame,
  SampledNumbers,
} from './contract.ts';
