// Makes the WebAssembly of checkpoints anew from its text: node tools/on-node24.js tools/shuffle.ts. A test holds the two equal.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import createWabt from 'wabt';

const PLACE = fileURLToPath(new URL('../packages/sim/src/shuffle/', import.meta.url));
export const SHUFFLE_MODULE = path.join(PLACE, 'shuffle-module.ts');

/** The text of shuffle-module.ts. */
export async function renderShuffleModule(): Promise<string> {
  const wabt = await createWabt();
  const text = readFileSync(path.join(PLACE, 'shuffle.wat'), 'utf8');
  const module = wabt.parseWat('shuffle.wat', text, { simd: true });
  try {
    module.validate();
    const { buffer } = module.toBinary({});
    const base64 = Buffer.from(buffer).toString('base64');
    const lines = base64.match(/.{1,120}/g) ?? [];
    return `// Made from shuffle.wat by tools/shuffle.ts: ${buffer.length} bytes of WebAssembly.
export const shuffleModule = \`
${lines.join('\n')}
\`;
`;
  } finally {
    module.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(SHUFFLE_MODULE, await renderShuffleModule());
