// A participant that is told to hold still by a shell command line and to go on by another. Nobody but the watchdog can end
// its suspension when we die, so its resume is due from the first suspend on. Both shells are started by open() and wait:
// inside the freeze a word is enough. The resume line must be idempotent; it runs again after every failed attempt.
import path from 'node:path';
import { makeDirectory } from '@stillpoint/core';
import type { Hold, HoldOptions, Participant } from './contract.ts';
import { carryOut, type DueCommand } from './due-resume.ts';
import { participantFailed } from './failures.ts';
import { prepareCommand, type PreparedCommand } from './shell.ts';

export interface CommandParticipantOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  /** Exit status 0: everything holds still. */
  readonly suspend: string;
  /** Exit status 0: everything runs. Idempotent, and also run when suspend failed. */
  readonly resume: string;
  /** Where both run: the project's directory. */
  readonly directory: string;
  /** Where their output goes, as `<name>.log`; made if absent. */
  readonly logDirectory: string;
  /** Added to the inherited environment, beside STILLPOINT_SNAPSHOT and STILLPOINT_PARTICIPANT. Journaled: no secrets. */
  readonly environment?: Readonly<Record<string, string>>;
}

export function createCommandParticipant(options: CommandParticipantOptions): Participant {
  const { name, guards } = options;
  return { name, kind: 'command', guards, open: (hold) => openHold(options, hold) };
}

async function openHold(options: CommandParticipantOptions, hold: HoldOptions): Promise<Hold> {
  const { name, directory } = options;
  const logFile = path.join(options.logDirectory, `${name.replaceAll(/[^\w.-]/g, '_')}.log`);
  const environment = {
    ...options.environment,
    STILLPOINT_SNAPSHOT: hold.snapshot,
    STILLPOINT_PARTICIPANT: name,
  };
  const shell = { directory, environment, logFile };
  let suspender: PreparedCommand;
  let resumer: PreparedCommand;
  try {
    await makeDirectory(options.logDirectory);
    suspender = await prepareCommand({ ...shell, line: options.suspend });
    resumer = await prepareCommand({ ...shell, line: options.resume }).catch(
      async (error: unknown) => {
        await suspender[Symbol.asyncDispose]();
        throw error;
      },
    );
  } catch (error) {
    throw participantFailed(name, 'be prepared', error);
  }
  return holdOf({
    name,
    suspender,
    resumer,
    due: {
      ...shell,
      kind: 'command',
      participant: name,
      line: options.resume,
      suspender: suspender.identity,
    },
  });
}

interface Parts {
  readonly name: string;
  readonly suspender: PreparedCommand;
  readonly resumer: PreparedCommand;
  readonly due: DueCommand;
}

/** The same limit as an attempt of somebody else to resume has. */
const resumeTimeoutMs = 10_000;

function holdOf({ name, suspender, resumer, due }: Parts): Hold {
  let resumed: 'held' | 'lost' | undefined;
  let attempts = 0;
  let suspended = false;
  return {
    resumeDue: { ...due, suspender: { ...due.suspender } },
    async suspend(signal) {
      try {
        await suspender.run(signal);
        suspended = true;
      } catch (error) {
        throw participantFailed(name, 'suspend', error);
      }
    },
    // Nothing to ask: the watchdog knows whether somebody else resumed it.
    check: async () => {},
    async resume() {
      if (resumed !== undefined) return resumed;
      attempts += 1;
      try {
        if (attempts === 1) await resumer.run(AbortSignal.timeout(resumeTimeoutMs));
        else await carryOut(due);
      } catch (error) {
        throw participantFailed(name, 'resume', error);
      }
      resumed = suspended ? 'held' : 'lost';
      return resumed;
    },
    async [Symbol.asyncDispose]() {
      await suspender[Symbol.asyncDispose]();
      await resumer[Symbol.asyncDispose]();
    },
  };
}
