// What others ask of whoever passes their code on: their licences, in one file beside the code that was taken in.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Throws for a package that has no text of its licence. */
export function noticesOf(packageDirectories: readonly string[]): string {
  const parts = packageDirectories.map((directory) => {
    const { name, version } = JSON.parse(
      readFileSync(path.join(directory, 'package.json'), 'utf8'),
    ) as { name: string; version: string };
    const file = readdirSync(directory).find((one) => /^licen[cs]e(\.|$)/i.test(one));
    if (file === undefined) throw new Error(`${name} has no licence in its package`);
    return `${name} ${version}\n\n${readFileSync(path.join(directory, file), 'utf8').trim()}\n`;
  });
  return `The files beside this one hold code of these packages.\n\n${parts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}
