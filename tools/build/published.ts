// The packages that are published, and what each is made of. The rooms of this house that are not published are taken in.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { templateFiles } from '../../packages/stillpoint/src/cli/new/template-files.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Published {
  readonly directory: string;
  /** What is started as a program or imported by a name; each becomes `<name>.js`. */
  readonly entries: Readonly<Record<string, string>>;
  /** Those of the entries that are imported by whoever may want their types. */
  readonly library: readonly string[];
  /** Dependencies of which only types are used once this is taken in. */
  readonly takenIn: readonly string[];
  /** Files that are copied as they are: where to, where from, and which. All relative. */
  readonly copied: {
    readonly to: string;
    readonly from: string;
    readonly files: readonly string[];
  };
}

export const stillpoint: Published = {
  directory: path.join(ROOT, 'packages/stillpoint'),
  entries: {
    main: 'packages/stillpoint/src/cli/main.ts',
    index: 'packages/stillpoint/src/index.ts',
    worker: 'packages/engine/src/vault/write/worker.ts',
    'watchdog-process': 'packages/engine/src/freeze/watchdog-process.ts',
    'keeper-process': 'packages/engine/src/sources/sqlite/keeper-process.ts',
    supervisor: 'packages/engine/src/sources/postgres/cluster/supervisor.ts',
    'worker-process': 'packages/stillpoint/src/cli/demo/worker-process.ts',
    'sweep-process': 'packages/stillpoint/src/cli/sweep/sweep-process.ts',
  },
  library: ['index'],
  takenIn: ['zod'],
  copied: { to: 'templates/daemon', from: 'examples/agent-daemon', files: templateFiles },
};

export const persistence: Published = {
  directory: path.join(ROOT, 'packages/persistence'),
  entries: {
    index: 'packages/persistence/src/index.ts',
    models: 'packages/persistence/src/models.ts',
    participant: 'packages/persistence/src/queue/participant.ts',
    'kit-process': 'packages/persistence/src/migrate/kit/kit-process.ts',
  },
  library: ['index', 'models', 'participant'],
  takenIn: [],
  copied: { to: '.', from: '.', files: [] },
};

export const sim: Published = {
  directory: path.join(ROOT, 'packages/sim'),
  entries: {
    index: 'packages/sim/src/index.ts',
    'writer-worker': 'packages/sim/src/checkpoint/writer-worker.ts',
    'recorder-worker': 'packages/sim/src/lens/capture/recorder-worker.ts',
    'sql-worker': 'packages/sim/src/lens/sql/sql-worker.ts',
    'control-worker': 'packages/sim/src/control/control-worker.ts',
  },
  library: ['index'],
  takenIn: [],
  // The text of pictures looks the same on machines without fonts.
  copied: { to: '.', from: 'node_modules/dejavu-fonts-ttf/ttf', files: ['DejaVuSans.ttf'] },
};

/** All of them, the command last: what says that it is up to date covers the others. */
export const published: readonly Published[] = [persistence, sim, stillpoint];
