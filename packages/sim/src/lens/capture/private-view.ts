// What a field's function sees of a finished state: copies of its own, each made when it is first looked at. Whatever it writes there,
// the run does not see.
import type { AnyView } from '../../runner/contract.ts';
import type { WorldIr } from '../../world/contract.ts';

export interface PrivateView {
  /** The same object every time: it shows the state of this view until the next call. */
  of(view: AnyView): AnyView;
}

type Named = Record<string, unknown>;

export function createPrivateView(ir: WorldIr): PrivateView {
  let shown: AnyView | undefined;
  let state = 0;
  const newest = (): AnyView => shown!;

  /** A property whose array is copied once a state, into the same memory. */
  const copied = (target: Named, name: string, find: () => ArrayBufferView): void => {
    let copy: (Uint8Array & { readonly buffer: ArrayBuffer }) | undefined;
    let array: unknown;
    let ofState = -1;
    const get = (): unknown => {
      if (ofState === state) return array;
      const source = find();
      const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
      if (copy?.length !== bytes.length) {
        copy = new Uint8Array(bytes.length);
        array = viewLike(source, copy.buffer);
      }
      copy.set(bytes);
      ofState = state;
      return array;
    };
    Object.defineProperty(target, name, { get, enumerable: true });
  };

  const signals: Named = {};
  for (const { name } of ir.signals) copied(signals, name, () => newest().signals[name]!);
  const entities: Named = {};
  for (const { name: entity, members } of ir.entities) {
    const found = (): AnyView['entities'][string] => newest().entities[entity]!;
    const own: Named = {};
    for (const { name } of members) copied(own, name, () => found().members[name]!);
    const instances: Named = { members: Object.freeze(own) };
    Object.defineProperty(instances, 'count', { get: () => found().count, enumerable: true });
    copied(instances, 'ids', () => found().ids);
    entities[entity] = Object.freeze(instances);
  }
  const assets: Named = {};
  for (const { name } of ir.assets) copied(assets, name, () => newest().assets[name]!);
  const fixed = {
    signals: Object.freeze(signals),
    entities: Object.freeze(entities),
    assets: Object.freeze(assets),
  };
  return {
    of(view) {
      shown = view;
      state += 1;
      const { tick, timeSeconds, era, parameters } = view;
      // The parameters, too, are the run's own.
      return Object.freeze({
        tick,
        timeSeconds,
        era,
        parameters: Object.freeze({ ...parameters }),
        ...fixed,
      }) as unknown as AnyView;
    },
  };
}

function viewLike(source: ArrayBufferView, buffer: ArrayBuffer): ArrayBufferView {
  const View = source.constructor as new (buffer: ArrayBuffer) => ArrayBufferView;
  return new View(buffer);
}
