// What long work says while it runs. Rooms emit; only the command draws.

export type ProgressEvent =
  | { readonly type: 'phase:started'; readonly phase: string; readonly detail?: string }
  | {
      readonly type: 'bytes:advanced';
      readonly phase: string;
      readonly doneBytes: number;
      readonly totalBytes?: number;
    }
  /** Something the person should know, though nothing failed (a new base is made, a resume was retried). */
  | { readonly type: 'note:said'; readonly level: 'info' | 'warn'; readonly text: string };

export type ProgressListener = (event: ProgressEvent) => void;

export const silent: ProgressListener = () => {};
