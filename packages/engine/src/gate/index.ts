// The gate: may this code wake on this data?
export { askGate, gateAfterRestore, type Exclusively } from './ask.ts';
export type { GateDatabase, GateFinding, GateLevel, GateRule, GateVerdict } from './contract.ts';
export { acceptState, evaluateGate, type EvaluateOptions } from './evaluate.ts';
