import { describe, expect, it } from 'vitest';
import { renderScalar } from '../../../../template/index.ts';

describe('template/functions/reflection', () => {
  it.each([
    ['typeOf (list 1)', '[]interface {}'],
    ['typeOf (chunk 1 (list 1))', '[][]interface {}'],
    ['typeOf (until 1)', '[]int'],
    ['typeOf nil', '<nil>'],
    ['kindOf (dict)', 'map'],
    ['kindOf (genPrivateKey "x")', 'string'],
    ['deepEqual (list) (rest (list 1))', 'true'],
    ['deepEqual (list) (rest (list))', 'false'],
    ['deepEqual (dict "a" (list 1)) (dict "a" (list 1))', 'true'],
    ['deepEqual 1 1.0', 'false'],
  ])('%s is %s', (call, wanted) => {
    expect(renderScalar(`{{ ${call} }}`, {})).toEqual({ ok: true, text: wanted });
  });
});
