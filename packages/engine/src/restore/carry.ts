// Carrying a restore to its end, or back. Every step is journaled before and after, is idempotent, and is therefore carried on
// by whatever process finds the journal. The outcome is all after or all before.
import { rm } from 'node:fs/promises';
import { failure, isFailure, type ProgressListener } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { SourceDriver } from '../sources/contract.ts';
import { settleBack, settleForward } from './books.ts';
import type { Direction, Journal } from './journal.ts';
import { runRebuild } from './rebuild.ts';
import { forwardSteps, reverseSteps, stepName, type Step, type StepSource } from './steps.ts';

/** One restore under way, in the process that began it or in a later one. */
export interface Run {
  readonly engine: EngineContext;
  readonly journal: Journal;
  readonly drivers: ReadonlyMap<string, SourceDriver>;
  readonly progress: ProgressListener;
  /** Filled by the switches: what they kept for the user. */
  readonly kept: string[];
  /** Ends a rebuild, and with it the restore; nothing else that is under way here can be interrupted. */
  readonly signal: AbortSignal;
  /** Rejects when the freeze was lost; a later process has no freeze to lose. */
  readonly verifyHeld: () => Promise<void>;
}

/**
 * To the end; if a step fails, all the way back, and RESTORE_FAILED. RESTORE_STUCK if that fails too: the journal stays, and the
 * next command goes on.
 */
export async function carryForward(run: Run): Promise<void> {
  const reached = { step: 'the first step' };
  try {
    for (const step of forwardSteps(stepSources(run), rebuilding(run))) {
      reached.step = stepName(step);
      await run.journal.step('forward', step, () => act(run, step, 'forward'));
    }
  } catch (error) {
    const { snapshot } = run.journal.current();
    if (!canGoBack(run))
      throw failure('RESTORE_STUCK', { id: snapshot, step: reached.step }, error);
    await turnBack(run, reached.step, error);
    throw failure('RESTORE_FAILED', { id: snapshot, step: reached.step }, error);
  }
  await endRun(run);
}

async function turnBack(run: Run, step: string, why: unknown): Promise<void> {
  const { journal } = run;
  try {
    await journal.turn(isFailure(why) ? why.code : String(why));
  } catch (error) {
    // On a full disk, say. Nothing is done that is not written down first.
    throw failure('RESTORE_STUCK', { id: journal.current().snapshot, step }, error);
  }
  await carryBack(run);
}

/** Back to what was there before. Throws RESTORE_STUCK. */
export async function carryBack(run: Run): Promise<void> {
  const { forward, snapshot } = run.journal.current();
  const reached = { step: 'the first step back' };
  try {
    for (const step of reverseSteps(stepSources(run), forward.begun, rebuilding(run))) {
      reached.step = `${stepName(step)} (back)`;
      await run.journal.step('back', step, () => act(run, step, 'back'));
    }
  } catch (error) {
    throw failure('RESTORE_STUCK', { id: snapshot, step: reached.step }, error);
  }
  await dropPrepared(run);
}

/** Drops what was prepared; nothing is switched to it. */
export async function dropPrepared(run: Run): Promise<void> {
  for (const driver of run.drivers.values()) await clear(run, () => driver.abandon());
  await endRun(run);
}

async function endRun(run: Run): Promise<void> {
  const { workDirectory } = run.journal.current();
  await clear(run, () => rm(workDirectory, { recursive: true, force: true }));
  await run.journal.end();
}

/** What is left over takes room and does no harm; a project that no command works in any more would be worse. */
async function clear(run: Run, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const text = `what the restore prepared could not be cleared away: ${(error as Error).message}`;
    run.progress({ type: 'note:said', level: 'warn', text });
  }
}

/** What existed before the restore and can be kept out meanwhile closes; what is new only opens. */
function stepSources(run: Run): StepSource[] {
  return [...run.drivers.values()].map(({ name, supports }) => ({ name, closes: supports.closes }));
}

function rebuilding(run: Run): string[] {
  return run.journal.current().rebuilds.map(({ member }) => member);
}

function canGoBack(run: Run): boolean {
  const { forward, placements } = run.journal.current();
  return Object.entries(placements).every(
    ([source, { before }]) =>
      before !== null || !forward.begun.has(stepName({ kind: 'switch', source })),
  );
}

async function act(run: Run, step: Step, direction: Direction): Promise<void> {
  const { placements, undo } = run.journal.current();
  if (step.kind === 'settle') {
    const settle = direction === 'forward' ? settleForward : settleBack;
    return settle(run.engine.state, run.journal.current());
  }
  if (step.kind === 'finish') {
    for (const [source, { after, before }] of Object.entries(placements))
      await clear(run, () => run.drivers.get(source)!.finish(after, before));
    return;
  }
  if (step.kind === 'rebuild') return rebuild(run, step.source!, direction);
  const driver = run.drivers.get(step.source!)!;
  const { after, before } = placements[driver.name]!;
  run.progress({ type: 'phase:started', phase: step.kind, detail: driver.name });
  if (step.kind === 'close') {
    // Nothing to keep anybody out of; but nobody may have made it meanwhile.
    if (before === null && direction === 'forward') return run.verifyHeld();
    await driver.close({ verifyHeld: run.verifyHeld, undo });
  } else if (step.kind === 'open') {
    if (before === null && direction === 'back') return;
    await driver.open();
  } else {
    const placement = direction === 'forward' ? after : before;
    if (placement === null) throw new TypeError(`${driver.name} has nothing to go back to`);
    const { kept } = await driver.switch(placement, { undo, progress: run.progress });
    if (direction === 'forward') run.kept.push(...kept);
  }
}

/**
 * What fails forward takes the restore back. Where there is no way back, or on it, the state matters more than what is installed
 * beside it: the failure is told, and the person installs by hand.
 */
async function rebuild(run: Run, member: string, direction: Direction): Promise<void> {
  const due = run.journal.current().rebuilds.find((one) => one.member === member);
  if (due === undefined) throw new TypeError(`${member} is not to be rebuilt`);
  run.progress({ type: 'phase:started', phase: 'rebuild', detail: member });
  // On the way back nothing interrupts: what was there has to be installed again.
  const signal = direction === 'forward' ? run.signal : new AbortController().signal;
  try {
    await runRebuild(run.engine, due, signal);
  } catch (error) {
    if (direction === 'forward' && canGoBack(run)) throw error;
    const what = error instanceof Error ? error.message : String(error);
    const text = isFailure(error) ? `${what} ${error.hint}` : what;
    run.progress({ type: 'note:said', level: 'warn', text });
  }
}
