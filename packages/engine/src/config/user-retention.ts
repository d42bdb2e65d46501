// `retention` in the configuration: which snapshots stay when `stillpoint prune` forgets by it.
import { parseDuration } from '@stillpoint/core';
import * as z from 'zod';

const countWords = 'a whole number of 1 or more';
const count = z.int(countWords).min(1, countWords).optional();
const withinWords = "a text like '36h', '14d' or '8w'";
const within = z.string(withinWords).transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: withinWords });
  return z.NEVER;
});

export const retentionSchema = z.strictObject(
  {
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: within.optional(),
  },
  '{ last, hourly, daily, weekly, monthly, yearly, within }',
);

export const retentionKeys = Object.keys(retentionSchema.shape);
