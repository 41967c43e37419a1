/** One request to the API server, as the proxy sees it. */
export interface ApiCall {
  readonly method: string;
  /** Path with its query. */
  readonly target: string;
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'apply' | 'patch' | 'delete' | 'other';
  /** Plural name; empty for discovery and the like. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly body: string;
}

/** What is done to a request that a rule meets. */
export type Fault =
  /** Answered here; the API server never sees the request. */
  | {
      readonly kind: 'answer';
      readonly code: number;
      readonly status?: StatusText;
      readonly retryAfterSeconds?: number;
    }
  /** Carried out; the client gets this code instead of the answer. */
  | { readonly kind: 'answerAfter'; readonly code: number }
  /** Carried out; then the connection breaks without an answer. `before` runs in between. */
  | { readonly kind: 'dropAnswer'; readonly before?: () => Promise<void> }
  /** The connection breaks before anything is carried out. */
  | { readonly kind: 'reset' }
  /** Answered, and the connection is closed in good order behind it. */
  | { readonly kind: 'closeAfter' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Kept, with its connection, until the promise resolves; then carried out and answered. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }
  /** The connection breaks at once, and the request is carried out when the promise resolves: a late write. */
  | { readonly kind: 'late'; readonly until: Promise<void> }
  /** Nothing is ever answered, as by a host that is gone; the client has to give up. */
  | { readonly kind: 'silence' }
  /** A read is answered as of this resourceVersion, as by a server that lags behind. */
  | { readonly kind: 'asOf'; readonly version: string }
  /** A list comes in pages of this size. */
  | { readonly kind: 'pages'; readonly size: number };

export interface StatusText {
  readonly reason: string;
  readonly message: string;
}

type Wanted = string | readonly string[] | RegExp;

/** Which requests are meant; what is left out does not matter. */
export interface CallMatch {
  readonly verb?: ApiCall['verb'] | readonly ApiCall['verb'][];
  readonly resource?: Wanted;
  readonly subresource?: string;
  readonly namespace?: Wanted;
  readonly name?: Wanted;
  readonly where?: (call: ApiCall) => boolean;
}

export interface FaultRule {
  readonly match: CallMatch;
  readonly fault: Fault;
  /** Counted among the requests that match, from 1: the first and the last one that is met. */
  readonly from?: number;
  readonly to?: number;
  /** Share of the requests that is met, by chance with this seed. */
  readonly rate?: { readonly share: number; readonly seed: number };
}

/** A rule in force. */
export interface ActiveRule {
  /** Requests that matched. */
  readonly seen: () => number;
  /** Requests that the fault met. */
  readonly hits: () => number;
  remove(): void;
}

/** The rules of a proxy. The first one that meets a request decides; those before it have counted it. */
export interface RuleBook {
  add(rule: FaultRule): ActiveRule;
  decide(call: ApiCall): Fault | undefined;
  clear(): void;
}

export function openRuleBook(): RuleBook {
  const rules = new Set<(call: ApiCall) => Fault | undefined>();
  return {
    add(rule) {
      let seen = 0;
      let hits = 0;
      const chance = randomOf(rule.rate?.seed ?? 1);
      const judge = (call: ApiCall): Fault | undefined => {
        if (!matches(rule.match, call)) return undefined;
        seen += 1;
        if (seen < (rule.from ?? 1) || seen > (rule.to ?? Number.POSITIVE_INFINITY)) return undefined;
        if (rule.rate !== undefined && chance() >= rule.rate.share) return undefined;
        hits += 1;
        return rule.fault;
      };
      rules.add(judge);
      return { seen: () => seen, hits: () => hits, remove: () => rules.delete(judge) };
    },
    decide(call) {
      for (const judge of rules) {
        const fault = judge(call);
        if (fault !== undefined) return fault;
      }
      return undefined;
    },
    clear: () => rules.clear(),
  };
}

export function matches(match: CallMatch, call: ApiCall): boolean {
  const verbs = match.verb === undefined ? undefined : [match.verb].flat();
  return (
    (verbs === undefined || verbs.includes(call.verb)) &&
    fits(match.resource, call.resource) &&
    fits(match.subresource, call.subresource) &&
    fits(match.namespace, call.namespace) &&
    fits(match.name, call.name) &&
    (match.where === undefined || match.where(call))
  );
}

function fits(wanted: Wanted | undefined, value: string): boolean {
  if (wanted === undefined) return true;
  if (wanted instanceof RegExp) return wanted.test(value);
  return typeof wanted === 'string' ? wanted === value : wanted.includes(value);
}

/** A stream of numbers in [0, 1) that is the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly contentType: string;
  readonly authorization: string;
  readonly body: string;
}

/** Reads a request of the Kubernetes API. */
export function readCall({ method, target, contentType, authorization, body }: RawRequest): ApiCall {
  const [path = '', search = ''] = target.split('?', 2);
  const query = new URLSearchParams(search);
  const place = placeOf(path.split('/').filter((part) => part !== ''));
  return { method, target, query, authorization, body, ...place, verb: verbOf(method, contentType, place, query) };
}

type Place = Pick<ApiCall, 'resource' | 'subresource' | 'namespace' | 'name'>;

function placeOf(parts: readonly string[]): Place {
  const rest = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : [];
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [resource = '', name = '', subresource = ''] = namespaced ? rest.slice(2) : rest;
  return { resource, name: decodeURIComponent(name), subresource, namespace: namespaced ? (rest[1] ?? '') : '' };
}

function verbOf(method: string, contentType: string, place: Place, query: URLSearchParams): ApiCall['verb'] {
  if (place.resource === '') return 'other';
  switch (method) {
    case 'GET':
      if (query.get('watch') === 'true') return 'watch';
      return place.name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return contentType.startsWith('application/apply-patch') ? 'apply' : 'patch';
    case 'DELETE':
      return 'delete';
    default:
      return 'other';
  }
}

/** `apply configmaps/a`, for lists in assertions. */
export function describeCall({ verb, resource, subresource, name }: ApiCall): string {
  return `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}/${name}`;
}

export const changes = ({ verb }: ApiCall): boolean =>
  verb === 'create' || verb === 'update' || verb === 'apply' || verb === 'patch' || verb === 'delete';
