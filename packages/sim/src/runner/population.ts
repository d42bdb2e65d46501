// One entity during a tick: who is born waits beside the set and who dies is only noted, so that every index stays what it is until
// the tick ends.
import { failure } from '@stillpoint/core';
import { bytesPerElement, INSTANCES, setOver } from '../state/index.ts';
import type { ArrayOf, SectionLayout, StateArray } from '../state/contract.ts';
import { clearTail } from './copy-forward.ts';
import type { EntityPlan, Plan } from './plan.ts';
import type { Named, SetViews } from './views.ts';

/** Births that find room before the arrays they wait in have to grow. */
const FIRST_ROOM = 64;
/** The id that the next birth gets has to fit into its word, too. */
const IDS = 2 ** 32 - 1;

type Values = Readonly<Record<string, number | ArrayLike<number>>>;

/** What a step gets as `w.entities.<name>`. The same object in every tick. */
export class Population {
  count = 0;
  ids: ArrayOf['u32'] | undefined;
  previous: Named = {};
  current: Named = {};

  readonly #plan: EntityPlan;
  readonly #makeRoom: (section: number, elements: number) => StateArray;
  readonly #index: number;
  readonly #members: ReadonlySet<string>;
  #init: SetViews | undefined;
  #nextId = 0;
  #born = 0;
  #died = 0;
  readonly #dead: Uint8Array;
  readonly #deadIndexes: Uint32Array;
  /** By member: the values of the unborn, one after the other. */
  readonly #waiting: StateArray[];
  #room = FIRST_ROOM;

  constructor(plan: Plan, index: number) {
    this.#index = index;
    this.#plan = plan.entities[index]!;
    this.#members = new Set(this.#plan.members.map(({ name }) => name));
    this.#dead = new Uint8Array(this.#plan.capacity);
    this.#deadIndexes = new Uint32Array(this.#plan.capacity);
    this.#makeRoom = (section, elements) => room(plan.sections[section]!.layout, elements);
    this.#waiting = this.#plan.members.map(({ section, elements }) =>
      this.#makeRoom(section, FIRST_ROOM * elements),
    );
    // A step may take it apart: const { born, dies } = w.entities.cell.
    this.born = this.born.bind(this);
    this.dies = this.dies.bind(this);
  }

  begin(from: SetViews, to: SetViews): void {
    const before = from.entities[this.#index]!;
    const after = to.entities[this.#index]!;
    if (this.#died > 0) this.#dead.fill(0);
    this.#init = undefined;
    this.#born = 0;
    this.#died = 0;
    this.#nextId = before.instances[INSTANCES.nextId]!;
    this.count = before.instances[INSTANCES.count]!;
    this.ids = before.ids;
    this.previous = before.members;
    this.current = after.members;
  }

  /** Tick 0 is made in one set; who is born in it is there at once. */
  beginInit(to: SetViews): void {
    this.begin(to, to);
    this.#init = to;
  }

  born(values: Values): number {
    const { name, capacity, members } = this.#plan;
    if (this.count - this.#died + this.#born >= capacity)
      throw failure('WORLD_CAPACITY', { entity: name, capacity });
    const id = this.#nextId + this.#born;
    if (id >= IDS) throw new RangeError(`no ids are left for ${name}: ${IDS} were born`);
    if (this.#born === this.#room) this.#grow();
    for (let index = 0; index < members.length; index += 1) {
      const { elements, name: member } = members[index]!;
      put(this.#waiting[index]!, this.#born * elements, elements, values[member] ?? 0);
    }
    this.#refuseOthers(values);
    this.#born += 1;
    if (this.#init !== undefined) {
      const to = this.#init;
      this.end(to);
      this.beginInit(to);
    }
    return id;
  }

  dies(index: number): void {
    if (this.#init !== undefined) throw new TypeError('nobody dies before the first tick');
    if (!Number.isInteger(index) || index < 0 || index >= this.count)
      throw new RangeError(
        `${this.#plan.name} has no instance at ${index}: ${this.count} are alive`,
      );
    if (this.#dead[index] === 1) return;
    this.#dead[index] = 1;
    this.#died += 1;
  }

  /** Births and deaths take effect: the living move together in their order, the born follow. Ids stay ascending. */
  end(to: SetViews): void {
    if (this.#born === 0 && this.#died === 0) return;
    const { instances } = to.entities[this.#index]!;
    const left = this.count - this.#died;
    const alive = left + this.#born;
    this.#listDead();
    for (let index = 0; index < this.#plan.members.length; index += 1) {
      const { section, elements } = this.#plan.members[index]!;
      const array = to.arrays[section]!;
      if (this.#died > 0) this.#compact(array, elements, 0);
      const waiting = this.#waiting[index]!;
      const start = left * elements;
      const length = this.#born * elements;
      for (let at = 0; at < length; at += 1) array[start + at] = waiting[at]!;
      clearTail(to, section, alive * elements, this.count * elements);
    }
    if (this.#died > 0) this.#compact(instances, 1, INSTANCES.firstId);
    for (let at = 0; at < this.#born; at += 1)
      instances[INSTANCES.firstId + left + at] = this.#nextId + at;
    clearTail(to, this.#plan.instances, INSTANCES.firstId + alive, INSTANCES.firstId + this.count);
    instances[INSTANCES.count] = alive;
    instances[INSTANCES.nextId] = this.#nextId + this.#born;
  }

  /** What lies between one who died and the next moves up, a run at a time. */
  #compact(array: StateArray, elements: number, offset: number): void {
    const died = this.#died;
    const indexes = this.#deadIndexes;
    let write = offset + indexes[0]! * elements;
    for (let at = 0; at < died; at += 1) {
      const start = offset + (indexes[at]! + 1) * elements;
      const end = offset + (at + 1 < died ? indexes[at + 1]! : this.count) * elements;
      if (end === start) continue;
      array.copyWithin(write, start, end);
      write += end - start;
    }
  }

  /** Ascending, whatever the order in which they were named; found once for all members. */
  #listDead(): void {
    let index = -1;
    for (let at = 0; at < this.#died; at += 1) {
      index = this.#dead.indexOf(1, index + 1);
      this.#deadIndexes[at] = index;
    }
  }

  #refuseOthers(values: Values): void {
    for (const given in values)
      if (!this.#members.has(given))
        throw new TypeError(`${this.#plan.name} has no member ${given}`);
  }

  #grow(): void {
    this.#room *= 2;
    for (const [index, { section, elements }] of this.#plan.members.entries()) {
      const larger = this.#makeRoom(section, this.#room * elements);
      larger.set(this.#waiting[index]!);
      this.#waiting[index] = larger;
    }
  }
}

/** A loop: for the few elements of a member `fill` and `set` cost more. */
function put(
  array: StateArray,
  start: number,
  elements: number,
  value: number | ArrayLike<number>,
): void {
  if (typeof value === 'number') {
    for (let at = 0; at < elements; at += 1) array[start + at] = value;
    return;
  }
  if (value.length !== elements)
    throw new TypeError(`a value of ${value.length} elements is given where ${elements} belong`);
  for (let at = 0; at < elements; at += 1) array[start + at] = value[at]!;
}

/** Memory like that of a set, for some elements of one section. */
function room(section: SectionLayout, elements: number): StateArray {
  const totalBytes = elements * bytesPerElement[section.dtype];
  const layout = { ...section, offsetBytes: 0, lengthBytes: totalBytes };
  const { arrays } = setOver(new SharedArrayBuffer(totalBytes), { sections: [layout], totalBytes });
  return arrays.get(section.name)!;
}
