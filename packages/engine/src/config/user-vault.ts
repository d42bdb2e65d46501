// What a person writes as `vault`: where it is, and what it is encrypted with.
import { parseSize, sizeText } from '@stillpoint/core';
import * as z from 'zod';

const placeWords = 'the path of a directory or an s3:// address';
const place = z.string(placeWords).min(1, placeWords);
const program = z
  .string('a program and its arguments')
  .refine((text) => !text.includes('\0'), 'a text without NUL characters');
// Written out it would stand in the configuration, which is captured and committed.
const passphraseObject = z.strictObject(
  {
    file: z
      .string('the path of a file')
      .min(1, 'the path of a file')
      .refine((text) => !text.includes('\0'), 'a path without NUL characters')
      .optional(),
    command: z
      .array(program, "a program and its arguments, ['pass', 'show', 'backup']")
      .refine(([first = '']) => first !== '', 'a program and its arguments')
      .optional(),
    env: z
      .string('the name of a variable')
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable')
      .optional(),
  },
  '{ file }, { command } or { env }',
);
const passphrase = passphraseObject.transform(({ file, command, env }, context) => {
  const written = [file, command, env].filter((one) => one !== undefined);
  if (written.length === 1) {
    if (file !== undefined) return { file };
    if (command !== undefined) return { command };
    if (env !== undefined) return { env };
  }
  context.addIssue({ code: 'custom', message: 'one of { file }, { command } and { env }' });
  return z.NEVER;
});
// Less, and a pack of 32 MiB would take an hour.
const SLOWEST_BYTES = 10_000;
const rateWords = `bytes in a second, a text like '10MB', at least ${sizeText(SLOWEST_BYTES)}`;
const rate = z.string(rateWords).transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes >= SLOWEST_BYTES) return bytes;
  context.addIssue({ code: 'custom', message: rateWords });
  return z.NEVER;
});
const encryptedBy = z.strictObject({ passphrase });
const vaultObject = z.strictObject({
  url: place,
  encryption: z
    .union([z.literal('none'), encryptedBy], "'none' or { passphrase: { file } }")
    .optional(),
  rate: rate.optional(),
});

export const vaultSchema = z.union(
  [place, vaultObject],
  'the path of a directory, an s3:// address, or { url, encryption, rate }',
);
export type WrittenVault = z.output<typeof vaultSchema>;

export const vaultKeys = {
  vault: Object.keys(vaultObject.shape),
  encryption: Object.keys(encryptedBy.shape),
  passphrase: Object.keys(passphraseObject.shape),
} as const;
