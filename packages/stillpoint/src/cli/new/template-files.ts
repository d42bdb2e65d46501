// Apart from what writes them, for the build reads this list too.

/** What of the example is in a new daemon; the build packs the same. */
export const templateFiles: readonly string[] = [
  'extensions/notes/package.json',
  'extensions/notes/stillpoint.extension.ts',
  'extensions/notes/work.ts',
  'extensions/notes/write.ts',
  'package.json',
  'setup.sh',
  'src/ask.ts',
  'src/daemon.ts',
  'src/main.ts',
  'src/show.ts',
  'stillpoint.config.ts',
  'test/daemon.test.ts',
  'tsconfig.json',
];
