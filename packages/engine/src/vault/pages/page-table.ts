// Where each page of an image lies: the layers laid one over the other.
// MEMORY: 23 bytes a page and 36 a group; with 16 pages in a group 25.3 MB for a million pages (8 GB of Postgres). While a layer is
// read it takes its own size twice more, at most 44 MB for a million pages, and while the table grows it is there twice.
import { PAGE_HASH_BYTES, ZERO_PAGE } from './page.ts';
import { createGroupList, hexAt, type GroupList } from './group-list.ts';
import { GROUP_DIGEST_BYTES, type Layer } from './layers.ts';
import { asBuffer } from '../as-buffer.ts';

export interface PageTable {
  readonly pageBytes: number;
  readonly pages: number;
  readonly groups: GroupList;
  /** Of every page; only until the table grows. */
  readonly hashes: Buffer;
  groupOf(page: number): number;
  slotOf(page: number): number;
  /** Number of the layer that said so. */
  layerOf(page: number): number;
  /** Pages from `pages` on are gone, new ones hold zeros until they are set. */
  resize(pages: number): void;
  set(page: number, place: PagePlace, hash: Buffer): void;
  /** Lays a layer over what is there; pages behind the end are left out. */
  apply(layer: Layer, layerNumber: number): void;
  /** Pages in each group, by its number. */
  pagesInGroups(): Uint32Array;
}

export interface PagePlace {
  readonly group: number;
  readonly slot: number;
  readonly layer: number;
}

export function createPageTable(pageBytes: number, pagesExpected = 0): PageTable {
  const groups = createGroupList();
  let columns = createColumns(pagesExpected);
  let pages = 0;

  const setPage = (page: number, { group, slot, layer }: PagePlace): void => {
    columns.groupOf[page] = group;
    columns.slotOf[page] = slot;
    columns.layerOf[page] = layer;
  };

  return {
    pageBytes,
    groups,
    get pages() {
      return pages;
    },
    get hashes() {
      return columns.hashes.subarray(0, pages * PAGE_HASH_BYTES);
    },
    groupOf: (page) => columns.groupOf[page] as number,
    slotOf: (page) => columns.slotOf[page] as number,
    layerOf: (page) => columns.layerOf[page] as number,

    resize(wanted) {
      const room = columns.groupOf.length;
      if (wanted > room) columns = grow(columns, pages, Math.max(wanted, Math.ceil(room * 1.5)));
      if (wanted > pages) columns.groupOf.fill(ZERO_PAGE, pages, wanted);
      pages = wanted;
    },

    set(page, place, hash) {
      setPage(page, place);
      hash.copy(columns.hashes, page * PAGE_HASH_BYTES);
    },

    apply(layer, layerNumber) {
      const first = addGroups(groups, layer);
      const hashes = asBuffer(layer.hashes);
      for (let n = 0; n < layer.entries; n++) {
        const page = layer.numbers === undefined ? n : (layer.numbers[n] as number);
        if (page >= pages) break;
        const group = layer.groupOf[n] as number;
        setPage(page, {
          group: group === ZERO_PAGE ? ZERO_PAGE : first + group,
          slot: layer.slotOf[n] as number,
          layer: layerNumber,
        });
        const at = n * PAGE_HASH_BYTES;
        hashes.copy(columns.hashes, page * PAGE_HASH_BYTES, at, at + PAGE_HASH_BYTES);
      }
    },

    pagesInGroups() {
      const counts = new Uint32Array(groups.count);
      for (let page = 0; page < pages; page++) {
        const group = columns.groupOf[page] as number;
        if (group !== ZERO_PAGE) counts[group] = (counts[group] as number) + 1;
      }
      return counts;
    },
  };
}

function addGroups(groups: GroupList, layer: Layer): number {
  const first = groups.count;
  for (let n = 0; n < layer.groups; n++) {
    groups.add(hexAt(layer.groupDigests, n), layer.groupBytes[n] as number);
  }
  return first;
}

interface Columns {
  readonly hashes: Buffer;
  readonly groupOf: Uint32Array;
  readonly slotOf: Uint16Array;
  readonly layerOf: Uint8Array;
}

function createColumns(pages: number): Columns {
  return {
    hashes: Buffer.alloc(pages * PAGE_HASH_BYTES),
    groupOf: new Uint32Array(pages),
    slotOf: new Uint16Array(pages),
    layerOf: new Uint8Array(pages),
  };
}

function grow(columns: Columns, pages: number, room: number): Columns {
  const larger = createColumns(room);
  larger.hashes.set(columns.hashes.subarray(0, pages * PAGE_HASH_BYTES));
  larger.groupOf.set(columns.groupOf.subarray(0, pages));
  larger.slotOf.set(columns.slotOf.subarray(0, pages));
  larger.layerOf.set(columns.layerOf.subarray(0, pages));
  return larger;
}

/** A layer of those pages that layers from `from` on hold, every page if it is 0; groups that none of them is in are left out. */
export function layerOfTable(table: PageTable, from: number): Layer {
  const { pageBytes, pages, groups } = table;
  const chosen: number[] | Uint32Array = pagesFrom(table, from);
  const entries = chosen.length;
  const columns = {
    groupOf: new Uint32Array(entries),
    slotOf: new Uint16Array(entries),
    hashes: Buffer.allocUnsafeSlow(entries * PAGE_HASH_BYTES),
  };
  const numberOf = new Uint32Array(groups.count).fill(ZERO_PAGE);
  const used: number[] = [];
  const { hashes } = table;
  for (const [n, page] of chosen.entries()) {
    const group = table.groupOf(page);
    if (group !== ZERO_PAGE && numberOf[group] === ZERO_PAGE)
      numberOf[group] = used.push(group) - 1;
    columns.groupOf[n] = group === ZERO_PAGE ? ZERO_PAGE : (numberOf[group] as number);
    columns.slotOf[n] = group === ZERO_PAGE ? 0 : table.slotOf(page);
    const at = page * PAGE_HASH_BYTES;
    hashes.copy(columns.hashes, n * PAGE_HASH_BYTES, at, at + PAGE_HASH_BYTES);
  }
  const digests = Buffer.allocUnsafeSlow(used.length * GROUP_DIGEST_BYTES);
  for (const [n, group] of used.entries()) {
    digests.write(groups.hex(group), n * GROUP_DIGEST_BYTES, GROUP_DIGEST_BYTES, 'hex');
  }
  const groupBytes = Uint32Array.from(used, (group) => groups.bytes(group));
  const kind = from === 0 ? 'full' : 'delta';
  const layer = {
    pageBytes,
    kind,
    pages,
    entries,
    groups: used.length,
    groupBytes,
    ...columns,
  } as const;
  const whole = { ...layer, groupDigests: asBuffer(digests) };
  return from === 0 ? whole : { ...whole, numbers: chosen };
}

function pagesFrom(table: PageTable, from: number): Uint32Array {
  const chosen = new Uint32Array(table.pages);
  let count = 0;
  for (let page = 0; page < table.pages; page++) {
    if (table.layerOf(page) >= from) chosen[count++] = page;
  }
  return chosen.slice(0, count);
}
