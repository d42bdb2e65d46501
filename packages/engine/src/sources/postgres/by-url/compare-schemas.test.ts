import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchemaObject } from '../schema-digest.ts';
import { compareSchemas } from './compare-schemas.ts';

const view = (definition: string): SchemaObject => ['relation', 'v', '', definition];

test('casts and parentheses may move, and nothing else', () => {
  const captured = view(
    `v|p| SELECT (a)::text = ANY ((ARRAY['x'::character varying(3)])::text[]);`,
  );
  const readBack = view(`v|p| SELECT (a)::text = ANY (ARRAY[('x'::character varying)::text]);`);
  const { different, notes } = compareSchemas([captured], [readBack]);
  assert.deepEqual(different, []);
  assert.match(notes.join(), /1 definitions are written anew/);
  const other = view(`v|p| SELECT (a)::text = ANY (ARRAY[('y'::character varying)::text]);`);
  assert.deepEqual(compareSchemas([captured], [other]).different, ['relation v']);
});

test('what is missing or new differs, whatever its kind', () => {
  const schema: SchemaObject = ['schema', 's', '', ''];
  const column: SchemaObject = ['column', 't', '0001', 'a|integer'];
  assert.deepEqual(compareSchemas([schema], [column]).different, ['schema s', 'column t 0001']);
  const bigger: SchemaObject = ['column', 't', '0001', 'a|bigint'];
  assert.deepEqual(compareSchemas([column], [bigger]).different, ['column t 0001']);
});

test('an extension comes back in the version that the server has, and it is told', () => {
  const old: SchemaObject = ['extension', 'hstore', '1.7', 'public'];
  const present: SchemaObject = ['extension', 'hstore', '1.8', 'public'];
  const { different, notes } = compareSchemas([old], [present]);
  assert.deepEqual(different, []);
  assert.match(notes.join('\n'), /hstore 1\.8 \(captured 1\.7\)/);
});
