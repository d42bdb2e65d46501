export { findUnendedRestore } from './journaled-config.ts';
export { restorePatiently } from './patiently.ts';
export { findUndo, restoreInPlace, stayedBefore, type RestoreInPlaceOptions } from './restore.ts';
export { planRestore } from './plan.ts';
export { recoverRestore, type Recovered } from './recover.ts';
export {
  forwardSteps,
  reverseSteps,
  stepName,
  transitions,
  type Step,
  type StepSource,
} from './steps.ts';
