// What a tick does, worked out once from the world: which section is whose, which stratum is due when, where an era leads.
import type { SectionLayout, StateLayout } from '../state/contract.ts';
import type { World } from '../world/contract.ts';
import type { AnyStep, AnyView } from './contract.ts';

export interface Plan {
  readonly sections: readonly SectionPlan[];
  readonly strata: readonly StratumPlan[];
  readonly eras: readonly EraPlan[];
  readonly entities: readonly EntityPlan[];
  readonly signals: readonly string[];
}

export interface SectionPlan {
  readonly layout: SectionLayout;
  /** Elements for one instance, or of the signal. */
  readonly elements: number;
  /** Index into `entities`; -1 for what belongs to none. */
  readonly entity: number;
  /** The stratum that writes every element of it whenever it is due; -1: none, it is copied forward. */
  readonly rewriter: number;
}

export interface StratumPlan {
  readonly name: string;
  readonly step: (w: AnyStep) => void;
}

export interface EraPlan {
  readonly name: string;
  readonly dtSeconds: number;
  /** By stratum: runs in ticks that are a multiple of it; 0: never. */
  readonly every: readonly number[];
  readonly next: readonly {
    readonly to: number;
    readonly name: string;
    readonly when: (w: AnyView) => boolean;
  }[];
}

export interface EntityPlan {
  readonly name: string;
  readonly capacity: number;
  /** Section of its `@instances`. */
  readonly instances: number;
  readonly members: readonly {
    readonly name: string;
    readonly section: number;
    readonly elements: number;
  }[];
}

export function planOf(world: World, layout: StateLayout): Plan {
  const { ir, definition } = world;
  const entityNames = ir.entities.map(({ name }) => name);
  const sections = layout.sections.map((section): SectionPlan => ({
    layout: section,
    elements: section.shape.reduce((product, length) => product * length, 1),
    entity: section.entity === undefined ? -1 : entityNames.indexOf(section.entity),
    rewriter: rewriterOf(world, section),
  }));
  const indexOf = (name: string): number => {
    const index = layout.sections.findIndex((section) => section.name === name);
    if (index === -1) throw new TypeError(`the layout has no section ${name}`);
    return index;
  };
  return {
    sections,
    strata: ir.strata.map(({ name }) => {
      const stratum = definition.strata[name]!;
      // Called as a method of the definition, as its author wrote it.
      return { name, step: (w) => stratum.step(w) };
    }),
    eras: erasOf(world),
    entities: ir.entities.map((entity) => ({
      name: entity.name,
      capacity: entity.capacity,
      instances: indexOf(`${entity.name}@instances`),
      members: entity.members.map((member) => {
        const section = indexOf(`${entity.name}.${member.name}`);
        return { name: member.name, section, elements: sections[section]!.elements };
      }),
    })),
    signals: ir.signals.map(({ name }) => name),
  };
}

/**
 * Only floating point has values that mark an element as not written, by which a promise of rewriting is checked; integers are copied
 * forward whatever was promised.
 */
function rewriterOf({ ir }: World, { name, kind, dtype }: SectionLayout): number {
  if ((kind !== 'signal' && kind !== 'member') || (dtype !== 'f64' && dtype !== 'f32')) return -1;
  return ir.strata.findIndex(({ rewrites }) => rewrites.includes(name));
}

function erasOf({ ir, definition }: World): readonly EraPlan[] {
  if (ir.eras.length === 0)
    return [{ name: 'world', dtSeconds: 1, every: ir.strata.map(({ every }) => every), next: [] }];
  const names = ir.eras.map(({ name }) => name);
  return ir.eras.map((era) => ({
    name: era.name,
    dtSeconds: era.dtSeconds,
    every: ir.strata.map(({ name, every }) => {
      const cadence = Object.hasOwn(era.strata, name) ? era.strata[name]! : 'active';
      if (cadence === 'gated') return 0;
      return cadence === 'active' ? every : cadence.every;
    }),
    next: era.next.map(({ to, name }, index) => {
      const transition = definition.eras?.[era.name]?.next?.[index];
      if (transition === undefined)
        throw new TypeError(`era ${era.name} has no transition ${name}`);
      return { to: names.indexOf(to), name, when: (w) => transition.when(w) };
    }),
  }));
}
