// The door of the journal.
export { continueJournal, createJournal, type JournalFacts, type JournalWriter } from './write.ts';
export { readJournal, readJournalFrom, type Journal, type JournalFrame } from './read.ts';
export { widthOf } from './records.ts';
