export { appRoleName } from './app-role.ts';
export { examineChambers } from './examine.ts';
export { chamberNames, chamberPrivileges, touchTrigger } from './foundation.ts';
export { installChambers } from './install.ts';
export { installedVersions, refuseUnready } from './installed.ts';
export { checkChambers, settleChambers } from './settle.ts';
export type {
  ChamberFacts,
  ChamberFinding,
  ChamberName,
  ChamberOptions,
  ChamberPart,
  Expectation,
  Privilege,
} from './contract.ts';
