// npm run ask -- QUESTION: facts first, then what is similar.
import { environment, openDaemon } from './daemon.ts';

await using persistence = await openDaemon(environment);
const memory = await persistence.memory();
for (const found of await memory.recall(process.argv.slice(2).join(' '), { limit: 3 })) {
  if (found.from === 'verbatim')
    console.log(`fact      ${found.fact.key} = ${String(found.fact.value)} (${found.fact.source})`);
  else console.log(`${found.score.toFixed(2)}      ${found.item.text.replaceAll('\n', ' ')}`);
}
