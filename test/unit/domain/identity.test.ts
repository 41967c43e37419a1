import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashText, labelValue, nodeName, workflowIds } from '../../../domain/identity.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$/);

describe('domain/identity', () => {
  it('hashes as SHA-256 over UTF-8, in lower-case hex cut to length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 64 }), (text, length) => {
        expect(hashText(text, length)).toBe(sha256(text).slice(0, length));
      }),
    );
  });

  it('names a LynqNode {uid}-{form}', () => {
    expect(nodeName('acme', 'web')).toBe('acme-web');
  });

  describe('workflowIds', () => {
    it('spells the ids as documented', () => {
      expect(workflowIds.schedule('ns', 'hub')).toBe('hub/ns/hub');
      expect(workflowIds.sync('ns', 'hub')).toBe('hub-sync/ns/hub');
      expect(workflowIds.node('ns', 'acme-web')).toBe('node/ns/acme-web');
    });

    it('keeps an id of 200 characters and cuts one of 201 to 200, ending in 16 hex of its hash', () => {
      const full = (length: number): string => `node/ns/${'n'.repeat(length - 'node/ns/'.length)}`;

      expect(workflowIds.node('ns', full(200).slice(8))).toBe(full(200));
      const cut = workflowIds.node('ns', full(201).slice(8));
      expect(cut).toBe(`${full(201).slice(0, 183)}-${sha256(full(201)).slice(0, 16)}`);
      expect(cut).toHaveLength(200);
    });

    it('never gives two nodes one id', () => {
      fc.assert(
        fc.property(name, name, (left, right) => {
          fc.pre(left !== right);

          expect(workflowIds.node('ns', left)).not.toBe(workflowIds.node('ns', right));
        }),
      );
    });

    it('never exceeds 200 characters', () => {
      fc.assert(
        fc.property(name, (node) => {
          for (const id of Object.values(workflowIds)) expect(id('n'.repeat(63), node).length).toBeLessThanOrEqual(200);
        }),
      );
    });
  });

  describe('labelValue', () => {
    it('keeps 63 characters and cuts 64 to 52, a hyphen and 10 hex of the hash', () => {
      expect(labelValue('n'.repeat(63))).toBe('n'.repeat(63));
      expect(labelValue('n'.repeat(64))).toBe(`${'n'.repeat(52)}-${sha256('n'.repeat(64)).slice(0, 10)}`);
    });

    it('is a label value Kubernetes accepts for every name of an object', () => {
      fc.assert(
        fc.property(name, (text) => {
          expect(labelValue(text)).toMatch(/^[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?$/);
        }),
      );
    });

    it('tells long names with a common beginning apart', () => {
      const common = 'n'.repeat(100);

      expect(labelValue(`${common}-a`)).not.toBe(labelValue(`${common}-b`));
    });
  });
});
