// Makes findings, also of errors: a check that throws is a finding, never the end of the examination.
import { isFailure } from '@stillpoint/core';
import type { Area, Finding } from './contract.ts';

/** No check may hang: a server that says nothing is a finding too. */
const checkLimitMs = 30_000;

type Words = Pick<Finding, 'what'> & Partial<Finding>;

export interface Findings {
  readonly list: readonly Finding[];
  ok(about: string, what: string, more?: Partial<Finding>): void;
  info(about: string, what: string, more?: Partial<Finding>): void;
  /** What a driver wants the user to know: what is left out, what comes back empty. It says itself what to do, if anything. */
  note(about: string, what: string): void;
  warn(about: string, what: string, fix: string, more?: Partial<Finding>): void;
  fail(about: string, what: string, fix: string, more?: Partial<Finding>): void;
  error(about: string, error: unknown, more?: Partial<Finding>): void;
  /** Runs a check with a limit of its own; what it throws becomes a finding. Rejects only when `signal` aborts. */
  check(about: string, work: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

export function createFindings(area: Area, signal: AbortSignal): Findings {
  const list: Finding[] = [];
  const add = (level: Finding['level'], about: string, words: Words): void => {
    list.push({ area, about, level, ...words });
  };
  const findings: Findings = {
    list,
    ok: (about, what, more) => add('ok', about, { what, ...more }),
    info: (about, what, more) => add('info', about, { what, ...more }),
    note: (about, what) => add('warn', about, { what: sentence(what) }),
    warn: (about, what, fix, more) => add('warn', about, { what, fix, ...more }),
    fail: (about, what, fix, more) => add('fail', about, { what, fix, ...more }),
    error: (about, error, more) => add('fail', about, { ...wordsOf(error), ...more }),
    async check(about, work) {
      signal.throwIfAborted();
      const limit = AbortSignal.timeout(checkLimitMs);
      try {
        await work(AbortSignal.any([signal, limit]));
      } catch (error) {
        signal.throwIfAborted();
        if (limit.aborted) {
          const what = `It did not answer within ${checkLimitMs / 1000} s.`;
          findings.fail(
            about,
            what,
            'See whether it runs, and whether a firewall drops connections to it.',
          );
        } else findings.error(about, error);
      }
    },
  };
  return findings;
}

function wordsOf(error: unknown): Words {
  if (isFailure(error)) return { what: error.message, fix: error.hint, code: error.code };
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { what: text, fix: 'This is a defect of Stillpoint. Please report it with this line.' };
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
