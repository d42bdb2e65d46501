// For what the server tells nobody: asked again until it is so. Each asking is a round trip, so nothing spins.
const LIMIT_MS = 60_000;

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it never came to be so');
  }
}
