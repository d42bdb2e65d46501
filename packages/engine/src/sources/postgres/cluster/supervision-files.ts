// What the supervisor and those who start and stop it tell each other, in files below the cluster's root:
//   orders.json        what to run; written before a supervisor is started, read once by it
//   supervisor.json    who supervises and which postmaster; written by the supervisor
//   closing            exists while the postmaster must not be started again
//   supervisor.lock    held by the supervisor as long as it lives
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  isAlive,
  removeFileDurable,
  writeFileAtomic,
  type ProcessIdentity,
} from '@stillpoint/core';
import type { ServerDoor } from './server-command.ts';
import type { Owner } from './system-user.ts';

export interface Orders {
  readonly program: string;
  readonly door: ServerDoor;
  readonly owner: Owner | null;
  readonly serverLog: string;
  readonly supervisorLog: string;
}

export interface SupervisorState {
  readonly supervisor: ProcessIdentity;
  readonly incarnation: string;
  /** null: between two lives. */
  readonly postmasterPid: number | null;
}

export const filesOf = (root: string) =>
  ({
    orders: path.join(root, 'orders.json'),
    state: path.join(root, 'supervisor.json'),
    closing: path.join(root, 'closing'),
    lock: path.join(root, 'supervisor.lock'),
  }) as const;

export async function writeOrders(root: string, orders: Orders): Promise<void> {
  await writeFileAtomic(filesOf(root).orders, JSON.stringify(orders));
}

export function readOrders(root: string): Orders {
  return JSON.parse(readFileSync(filesOf(root).orders, 'utf8')) as Orders;
}

export async function writeState(root: string, state: SupervisorState): Promise<void> {
  await writeFileAtomic(filesOf(root).state, JSON.stringify(state));
}

/** The state that a living supervisor wrote; undefined: nobody supervises. */
export function readState(root: string): SupervisorState | undefined {
  try {
    const state = JSON.parse(readFileSync(filesOf(root).state, 'utf8')) as SupervisorState;
    return isAlive(state.supervisor) ? state : undefined;
  } catch {
    // Absent, or not readable as what it should be: then it tells of no supervisor.
    return undefined;
  }
}

export function isClosing(root: string): boolean {
  return existsSync(filesOf(root).closing);
}

export async function setClosing(root: string, closing: boolean): Promise<void> {
  const file = filesOf(root).closing;
  if (closing) await writeFileAtomic(file, '');
  else await removeFileDurable(file);
}
