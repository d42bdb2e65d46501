// The door of the journal.
export { continueJournal, createJournal, type JournalFacts, type JournalWriter } from './write.ts';
export {
  readIndexed,
  readJournal,
  readJournalFrom,
  type Journal,
  type JournalFrame,
  type JournalIndex,
} from './read.ts';
export { widthOf } from './records.ts';
