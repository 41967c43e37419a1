import type { RefusedReason } from '../../domain/ports.ts';

/**
 * The only place that reads English of the API server, for answers that carry nothing better. Every pattern is anchored to words the
 * server itself puts there, and a group takes only names of policy objects, rights and field paths, never values.
 */
interface RefusalText {
  readonly codes: readonly number[];
  readonly pattern: RegExp;
  readonly reason: RefusedReason;
  /** What to tell, with the groups of the pattern. */
  readonly tell: (groups: readonly (string | undefined)[]) => string;
}

const name = '([A-Za-z0-9][A-Za-z0-9._-]{0,252})';
/** How the server begins every 403 of admission or rights, and the 422 of a policy: the kind, and the object when it has a name. */
const forbidden = '^[A-Za-z0-9./]+(?: "[^"]*")? is forbidden: ';

const refusalTexts: readonly RefusalText[] = [
  {
    codes: [400, 403, 409, 422, 500],
    pattern: new RegExp(`^admission webhook "${name}" denied the request`),
    reason: 'AdmissionDenied',
    tell: ([webhook]) => `denied by admission webhook ${webhook}`,
  },
  {
    // A webhook that is down is the trouble of the objects it guards and not of the whole cluster: no quick tries, no ClusterUnreachable.
    codes: [500],
    pattern: new RegExp(`^Internal error occurred: failed calling webhook "${name}": `),
    reason: 'AdmissionDenied',
    tell: ([webhook]) => `admission webhook ${webhook} cannot be called`,
  },
  {
    codes: [400, 401, 403, 413, 422],
    pattern: new RegExp(`${forbidden}ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request`),
    reason: 'AdmissionDenied',
    tell: ([policy]) => `denied by ValidatingAdmissionPolicy ${policy}`,
  },
  {
    codes: [403],
    pattern: new RegExp(`${forbidden}(?:exceeded|failed) quota: ${name}[,:]`),
    reason: 'QuotaExceeded',
    tell: ([quota]) => `does not fit ResourceQuota ${quota}`,
  },
  {
    codes: [403],
    pattern: new RegExp(`${forbidden}violates PodSecurity "([a-z]+:[a-z0-9.]+)"`),
    reason: 'Forbidden',
    tell: ([level]) => `violates PodSecurity ${level}`,
  },
  {
    codes: [403],
    pattern: new RegExp(`${forbidden}User "[^"]*" cannot ([a-z]+) resource "([a-z0-9./-]+)"`),
    reason: 'Forbidden',
    tell: ([verb, resource]) => `the account may not ${verb} ${resource}`,
  },
  {
    codes: [403],
    pattern: new RegExp(
      `${forbidden}user "[^"]*" (?:\\([^)]*\\) )?is attempting to grant RBAC permissions not currently held`,
    ),
    reason: 'Forbidden',
    tell: () => 'the account may not grant rights it does not hold',
  },
  {
    // Admission plugin OwnerReferencesPermissionEnforcement.
    codes: [403],
    pattern: new RegExp(
      `${forbidden}cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set`,
    ),
    reason: 'Forbidden',
    tell: () =>
      'the account may not update the finalizers of its owner, which the API server asks of who names an owner',
  },
  {
    // The same plugin learns of kinds that are new a little later.
    codes: [403],
    pattern: new RegExp(`${forbidden}cannot set blockOwnerDeletion in this case because cannot find RESTMapping for`),
    reason: 'Forbidden',
    tell: () => 'the API server does not know the kind of its owner yet',
  },
  {
    codes: [500],
    pattern: /^failed to create typed patch object/,
    reason: 'Invalid',
    tell: () => 'does not fit the schema of its kind',
  },
  {
    codes: [500],
    pattern:
      /^etcdserver: request is too large$|^rpc error: code = ResourceExhausted desc = trying to send message larger/,
    reason: 'TooLarge',
    tell: () => 'is too large to be stored',
  },
];

export interface TextRefusal {
  readonly reason: RefusedReason;
  readonly told: string;
}

/** What the text of a refusal says; undefined when no known text is in it. */
export function refusalByText(code: number, message: string): TextRefusal | undefined {
  for (const text of refusalTexts) {
    const match = text.codes.includes(code) ? text.pattern.exec(message) : null;
    if (match !== null) return { reason: text.reason, told: text.tell(match.slice(1)) };
  }
  return undefined;
}

/** A 5xx that will be the same at the next try. Apply of an undeclared field is a 500 without a reason (toolchain.md 4). */
export function isPermanent(code: number, message: string): boolean {
  return code === 501 || (code === 500 && refusalByText(code, message) !== undefined);
}

const immutablePatterns: readonly RegExp[] = [
  /(?:field|value) is immutable$/i,
  /may not change once set$/,
  /cannot change roleRef$/,
];
/** Not one pattern: it would look for the end of the last from every `updates to`. */
function saysForbiddenChange(message: string): boolean {
  const [, said] = /^Forbidden: (.*)/.exec(message) ?? [];
  if (said === undefined) return false;
  const [, updated = ''] = /updates to (.*)/.exec(said) ?? [];
  return /immutable|may not be changed|may not change/.test(said) || / (?:are|is) forbidden/.test(updated);
}

/**
 * Whether the message of a field error says that the field cannot change any more. The server has no reason of its own for it: most are
 * `FieldValueInvalid` with a fixed ending, some `FieldValueForbidden`, which also stands for fields that are not allowed at all.
 */
export function saysImmutable(causeReason: string, causeMessage: string): boolean {
  if (causeReason === 'FieldValueForbidden') return saysForbiddenChange(causeMessage);
  return causeReason === 'FieldValueInvalid' && immutablePatterns.some((pattern) => pattern.test(causeMessage));
}

/** Whether a field error is about the size of the whole: `data`, all annotations. Kubernetes up to 1.31 says `must have at most`. */
export function saysTooLarge(causeReason: string, causeMessage: string): boolean {
  return (
    causeReason === 'FieldValueTooLong' && /(?:may not be more than|must have at most) \d{6,} bytes$/.test(causeMessage)
  );
}

/** Where field paths stand in a message: behind a text of the server, and only there, since other parts quote values. */
interface FieldText {
  readonly behind: RegExp;
  readonly pattern: RegExp;
}

const path = '[A-Za-z0-9_.$"=,\\[\\]/-]{1,200}';

const fieldTexts: readonly FieldText[] = [
  { behind: /^.*: strict decoding error: /s, pattern: new RegExp(`(?:unknown|duplicate) field "(${path})"`, 'g') },
  {
    behind: /^failed to create typed patch object \([^)]*\):/,
    pattern: new RegExp(`(?:^|\\s)(\\.${path}): (?:field not declared|expected|duplicate entries)`, 'g'),
  },
  {
    behind: /^[^"]* in version "[^"]*" cannot be handled as an? /,
    pattern: new RegExp(`json: cannot unmarshal [a-z]+ into Go struct field [A-Za-z0-9]+\\.(${path}) of type`, 'g'),
  },
];

/** Paths of the fields a refusal without causes is about. */
export function fieldsByText(message: string): readonly string[] {
  const found = fieldTexts.flatMap(({ behind, pattern }) => {
    const start = behind.exec(message)?.[0].length;
    if (start === undefined) return [];
    return [...message.slice(start).matchAll(pattern)].map((match) => match[1] ?? '');
  });
  return [...new Set(found)].slice(0, 20);
}

/**
 * The manager that holds a field, from the message of a FieldManagerConflict cause: `conflict with "NAME" using v1`, quoted as in Go.
 * It is nowhere else in the answer. Empty when the message has another form.
 */
export function managerByText(causeMessage: string): string {
  const quoted = /^conflict with ("(?:[^"\\]|\\.)*")/.exec(causeMessage)?.[1];
  if (quoted === undefined) return '';
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}
