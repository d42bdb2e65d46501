// The programs that tests use beside what npm brings: found, or installed by root on Debian.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';

export interface Tool {
  readonly name: string;
  readonly packages: readonly string[];
  readonly isThere: () => boolean;
}

const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const tools: readonly Tool[] = [
  {
    name: 'zsh and fish',
    packages: ['zsh', 'fish'],
    isThere: () => succeeds('zsh', '--version') && succeeds('fish', '--version'),
  },
  { name: 'git', packages: ['git'], isThere: () => succeeds('git', '--version') },
  {
    // The server too: databases that Stillpoint does not manage, and pgbench comes with it.
    name: "Debian's PostgreSQL (psql, pgbench)",
    packages: ['postgresql', 'postgresql-client'],
    isThere: () => succeeds('psql', '--version') && succeeds('pgbench', '--version'),
  },
  {
    name: 'PgBouncer',
    packages: ['pgbouncer'],
    isThere: () => existsSync('/usr/sbin/pgbouncer'),
  },
  {
    name: 'psycopg2 for Python',
    packages: ['python3', 'python3-psycopg2'],
    // Debian's own Python, whatever another one on the PATH has.
    isThere: () => succeeds('/usr/bin/python3', '-c', 'import psycopg2'),
  },
  {
    // Reads what is exported as HDF5.
    name: 'HDF5 (h5py for Python, h5dump)',
    packages: ['python3-h5py', 'hdf5-tools'],
    isThere: () =>
      succeeds('/usr/bin/python3', '-c', 'import h5py') && succeeds('h5dump', '--version'),
  },
  {
    // Makes the project of a stranger for the newcomer's session.
    name: 'Django',
    packages: ['python3-django'],
    isThere: () => succeeds('/usr/bin/python3', '-c', 'import django'),
  },
];

export function findMissingTools(): readonly Tool[] {
  return tools.filter((tool) => !tool.isThere());
}

/** Resolves to what is still missing. An ordinary user's machine is left as it is. */
export async function installTools(missing: readonly Tool[]): Promise<readonly Tool[]> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  const packages = missing.flatMap((tool) => tool.packages);
  console.log(`installing ${packages.join(' ')}`);
  keepServersDown();
  aptGet('update', '-q');
  aptGet(
    'install',
    '-qy',
    '--no-install-recommends',
    '-o',
    'Dpkg::Options::=--force-confold',
    ...packages,
  );
  return missing.filter((tool) => !tool.isThere());
}

function aptGet(...args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr } = spawnSync('apt-get', args, {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) console.log(`apt-get ${args[0]} failed:\n${stderr}`);
}

/** Debian makes and starts a cluster with the package; the tests make their own. */
function keepServersDown(): void {
  const directory = '/etc/postgresql-common/createcluster.d';
  if (existsSync('/etc/postgresql-common/createcluster.conf')) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/stillpoint-tests.conf`, 'create_main_cluster = false\n');
}
