import { isGrpcServiceError } from '@temporalio/client';
import { searchAttributes } from '../workflows/search-attributes.ts';
import type { TemporalAccess } from './temporal.ts';

/** Enum temporal.api.enums.v1.IndexedValueType. */
const keyword = 2;
const names = Object.values(searchAttributes).map(({ name }) => name);

/** Temporal Cloud has attributes registered by its own API only. */
function advice(missing: readonly string[], namespace: string): string {
  const flags = missing.map((name) => `--search-attribute ${name}=Keyword`).join(' ');
  return [
    `search attributes are missing in Temporal namespace ${namespace}; register them:`,
    ...missing.map(
      (name) => `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type Keyword`,
    ),
    'on Temporal Cloud in its UI, or by:',
    `  tcld namespace search-attributes add --namespace ${namespace} ${flags}`,
  ].join('\n');
}

/** What a server answers that does not let this account ask (gRPC PERMISSION_DENIED, UNIMPLEMENTED). */
const closed: ReadonlySet<number> = new Set([7, 12]);

async function listed({ connection, namespace }: Place): Promise<Readonly<Record<string, number>> | undefined> {
  try {
    return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes as Record<
      string,
      number
    >;
  } catch (error) {
    if (isGrpcServiceError(error) && closed.has(error.code)) return undefined;
    throw error;
  }
}

/** What a server answers to a question about runs that names an attribute which there is not (gRPC INVALID_ARGUMENT). */
const invalidArgument = 3;

/** Whether the namespace has an attribute, as a question that names it shows; `unknown` where this account may not ask that either. */
async function isRegistered({ connection, namespace }: Place, name: string): Promise<boolean | 'unknown'> {
  try {
    await connection.workflowService.countWorkflowExecutions({ namespace, query: `${name} = ''` });
    return true;
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    if (error.code === invalidArgument) return false;
    if (closed.has(error.code)) return 'unknown';
    throw error;
  }
}

/** @throws Error with the commands to run when one is missing. */
async function probe(place: Place): Promise<'there' | 'unknown'> {
  const found = await Promise.all(names.map((name) => isRegistered(place, name)));
  const missing = names.filter((_, index) => found[index] === false);
  if (missing.length > 0) throw new Error(advice(missing, place.namespace));
  return found.includes('unknown') ? 'unknown' : 'there';
}

type Place = Pick<TemporalAccess, 'connection' | 'namespace'>;

/**
 * Registers the search attributes that are missing in the Temporal namespace: without them no run could be started. Other attributes are left alone.
 * Where this account may not list them, as with an API key of Temporal Cloud, questions about runs show whether they are there; `unknown` where it may
 * not ask these either: then the hubs say that their schedules cannot be made.
 *
 * @throws Error with the commands to run when this account may not register them, or one has another type.
 */
export async function ensureSearchAttributes(place: Place): Promise<'there' | 'unknown'> {
  const { connection, namespace } = place;
  const customAttributes = await listed(place);
  if (customAttributes === undefined) return probe(place);
  const wrong = names.filter((name) => name in customAttributes && customAttributes[name] !== keyword);
  if (wrong.length > 0)
    throw new Error(`search attribute ${wrong.join(', ')} of Temporal namespace ${namespace} is not of type Keyword`);
  const missing = names.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return 'there';
  try {
    const wanted = Object.fromEntries(missing.map((name) => [name, keyword]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: wanted });
    return 'there';
  } catch (error) {
    throw new Error(advice(missing, namespace), { cause: error });
  }
}
