// Which machine this is, as far as two processes must know it of each other: may one say that the other is dead? A name alone does
// not tell: machines have the same one, and process ids of a container mean nothing outside of it.
import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

export interface MachineIdentity {
  readonly host: string;
  /** Opaque: of the installation; empty: it has none. */
  readonly installation: string;
  /** Opaque: who has the same sees the same process ids; empty: unknown. */
  readonly processes: string;
}

/** The kernel gives this number to the first of its process id namespaces, and to no other: we are in no container. */
const outsideContainers = 'pid:[4026531836]';

export function ownMachine(): MachineIdentity {
  return {
    host: os.hostname(),
    installation: readText('/etc/machine-id'),
    processes: readProcessNamespace(),
  };
}

/**
 * True only where it is certain that the process has ended: it ran on this machine and is not there any more, or this machine was
 * started anew since. Of another machine nothing is certain.
 */
export function hasEnded(
  found: { readonly machine: MachineIdentity; readonly process: ProcessIdentity },
  own: { readonly machine: MachineIdentity; readonly process: ProcessIdentity },
): boolean {
  const { machine, process } = found;
  if (machine.host !== own.machine.host || machine.processes === '') return false;
  if (process.boot === 'unknown' || own.process.boot === 'unknown') return false;
  if (process.boot === own.process.boot) {
    return machine.processes === own.machine.processes && !isAlive(process);
  }
  return (
    machine.installation !== '' &&
    machine.installation === own.machine.installation &&
    machine.processes === outsideContainers &&
    own.machine.processes === outsideContainers
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}

function readProcessNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
