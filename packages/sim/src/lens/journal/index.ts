// The door of the journal.
export { continueJournal, createJournal, type JournalFacts, type JournalWriter } from './write.ts';
export {
  damagedFrom,
  damageOf,
  readIndexed,
  readJournal,
  readJournalFrom,
  type Journal,
} from './read.ts';
export type { JournalFrame, JournalIndex } from './scan.ts';
export { widthOf } from './records.ts';
