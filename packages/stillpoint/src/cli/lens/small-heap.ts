// Text for many million rows is garbage as soon as it is written. V8 gives it more and more room, some 100 MB in the end, and is no
// faster for it.
import { setFlagsFromString } from 'node:v8';

/** For the rest of this process: a command that writes as much as somebody asks for. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
