// What a new daemon says of itself.

export function daemonReadme(name: string): string {
  return `# ${name}

A daemon on @stillpoint/persistence. Its code and its database are one project of Stillpoint: a snapshot holds both, and a restore brings both back.

\`\`\`sh
npm install              # Node 24 or newer
npm run setup            # a git repository for the core and for each extension
npm test                 # on a Postgres inside of the test's process
npx stillpoint migrate   # the tables, in a Postgres that Stillpoint runs; commit the file that it writes
npm start                # and in another terminal:
npm run note -- Tea 'tea = green'
npm run ask -- 'Which tea?'
npx stillpoint snapshot --name good
npx stillpoint restore good
\`\`\`

| | |
|---|---|
| \`src/\` | the core: it opens the database and lets each extension begin. It knows none by name |
| \`extensions/notes\` | a table (\`stillpoint.extension.ts\`), and a job that writes into it (\`work.ts\`) |
| \`stillpoint/migrations\` | what was done to the database, to be committed with the code |
| \`stillpoint.config.ts\` | what a snapshot holds, and who holds still for it |

Another extension is another directory in \`extensions/\`, with a \`stillpoint.extension.ts\` that tells its models and a \`work.ts\` that begins its work.
Then: \`npm run setup\`, \`npx stillpoint migrate\`.

Memory searches by an embedder that only compares letters. Put that of a real model into \`src/daemon.ts\`.
`;
}
