import { describe, expect, it } from 'vitest';
import type { TemporalAccess } from '../../../worker/temporal.ts';
import { ensureSearchAttributes } from '../../../worker/search-attributes.ts';

const keyword = 2;
const text = 1;
const permissionDenied = 7;
const unavailable = 14;
const invalidArgument = 3;

/** A Temporal namespace that has these attributes, and may refuse to be given more. */
function temporalWith(customAttributes: Readonly<Record<string, number>>, add: (names: readonly string[]) => void) {
  const operatorService = {
    listSearchAttributes: async () => ({ customAttributes }),
    addSearchAttributes: async ({ searchAttributes }: { readonly searchAttributes: object }) =>
      add(Object.keys(searchAttributes)),
  };
  const access = { connection: { operatorService }, namespace: 'prod.a1b2c' };
  return access as unknown as Pick<TemporalAccess, 'connection' | 'namespace'>;
}

const refusal = (code: number): Error => Object.assign(new Error('refused'), { code, details: '', metadata: {} });

/** A Temporal namespace whose attributes this account may not list, and that answers questions about runs. */
function refusing(code: number, count: (query: string) => Promise<void> = async () => undefined) {
  const operatorService = { listSearchAttributes: () => Promise.reject(refusal(code)) };
  const workflowService = {
    countWorkflowExecutions: async ({ query }: { readonly query: string }) => {
      await count(query);
      return { count: 0 };
    },
  };
  const access = { connection: { operatorService, workflowService }, namespace: 'prod.a1b2c' };
  return access as unknown as Pick<TemporalAccess, 'connection' | 'namespace'>;
}

describe('worker/search-attributes', () => {
  const present = { LynqHub: keyword, LynqForm: keyword, LynqUid: keyword };

  it('registers what is missing and nothing else', async () => {
    const added: string[] = [];
    await ensureSearchAttributes(temporalWith(present, (names) => void added.push(...names)));

    expect(added).toEqual(['LynqNode', 'LynqPhase']);
  });

  it('gives the commands for a server of your own and for Temporal Cloud where it may not register them', async () => {
    const refused = temporalWith(present, () => {
      throw new Error('PERMISSION_DENIED');
    });

    await expect(ensureSearchAttributes(refused)).rejects.toThrow(
      [
        'search attributes are missing in Temporal namespace prod.a1b2c; register them:',
        '  temporal operator search-attribute create --namespace prod.a1b2c --name LynqNode --type Keyword',
        '  temporal operator search-attribute create --namespace prod.a1b2c --name LynqPhase --type Keyword',
        'on Temporal Cloud in its UI, or by:',
        '  tcld namespace search-attributes add --namespace prod.a1b2c --search-attribute LynqNode=Keyword --search-attribute LynqPhase=Keyword',
      ].join('\n'),
    );
  });

  it('goes on where it may not even ask, as with an API key of Temporal Cloud, and not where nothing answers', async () => {
    const denied = refusing(permissionDenied, () => Promise.reject(refusal(permissionDenied)));
    await expect(ensureSearchAttributes(denied)).resolves.toBe('unknown');
    await expect(ensureSearchAttributes(refusing(unavailable))).rejects.toThrow('refused');
  });

  it('finds out by questions that name them where it may not ask for the list', async () => {
    const asked: string[] = [];
    const all = refusing(permissionDenied, async (query) => void asked.push(query));
    await expect(ensureSearchAttributes(all)).resolves.toBe('there');
    expect(asked).toEqual(['LynqHub', 'LynqForm', 'LynqUid', 'LynqNode', 'LynqPhase'].map((name) => `${name} = ''`));

    const some = refusing(permissionDenied, async (query) => {
      if (/LynqNode|LynqPhase/.test(query)) throw refusal(invalidArgument);
    });
    await expect(ensureSearchAttributes(some)).rejects.toThrow(
      'tcld namespace search-attributes add --namespace prod.a1b2c --search-attribute LynqNode=Keyword --search-attribute LynqPhase=Keyword',
    );
  });

  it('refuses an attribute of another type', async () => {
    const wrong = temporalWith({ ...present, LynqHub: text }, () => undefined);

    await expect(ensureSearchAttributes(wrong)).rejects.toThrow(/LynqHub .*is not of type Keyword/);
  });
});
