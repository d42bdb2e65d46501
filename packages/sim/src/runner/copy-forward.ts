// The beginning of a tick: the target becomes what the newest set is, but for what this tick rewrites.
import { INSTANCES } from '../state/index.ts';
import type { Plan } from './plan.ts';
import { aliveOf, type SetViews } from './views.ts';

/** `due[s]` says which strata run; what they rewrite is left as it is, for nobody reads it. */
export function copyForward(plan: Plan, from: SetViews, to: SetViews, due: Uint8Array): void {
  const { sections } = plan;
  for (let index = 0; index < sections.length; index += 1) {
    const { entity, elements, rewriter, layout } = sections[index]!;
    const rewritten = rewriter !== -1 && due[rewriter] === 1;
    if (entity === -1) {
      if (!rewritten) to.arrays[index]!.set(from.arrays[index]!);
      continue;
    }
    // The tables of instances lie before the members in every layout; theirs are read here before and after they were copied.
    if (layout.kind === 'instances') continue;
    const alive = from.entities[entity]!.instances[INSTANCES.count]!;
    if (!rewritten) to.arrays[index]!.set(aliveOf(from, index, alive * elements));
    clearTail(
      to,
      index,
      alive * elements,
      to.entities[entity]!.instances[INSTANCES.count]! * elements,
    );
  }
  for (let index = 0; index < plan.entities.length; index += 1) {
    const section = plan.entities[index]!.instances;
    const was = to.entities[index]!.instances[INSTANCES.count]!;
    const alive = from.entities[index]!.instances[INSTANCES.count]!;
    to.arrays[section]!.set(aliveOf(from, section, INSTANCES.firstId + alive));
    clearTail(to, section, INSTANCES.firstId + alive, INSTANCES.firstId + was);
  }
}

/** Behind the living there are zeros in every set: who looks there by mistake sees the same in every run. */
export function clearTail(views: SetViews, section: number, from: number, until: number): void {
  if (until > from) views.arrays[section]!.fill(0, from, until);
}
