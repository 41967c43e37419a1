import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ToolError } from './failure.ts';

/** The servers that `--own` uses, from the variables that every program of this project reads. */
export interface OwnServers {
  readonly kubeconfig: string;
  readonly mysqlUrl: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const required = ['KUBECONFIG', 'TEMPORAL_ADDRESS', 'LYNQ_MYSQL_URL'] as const;

/** Every variable has to be set: nothing is taken from a default that might mean another system. */
export function readOwnServers(environment: Environment): OwnServers {
  const missing = required.filter((name) => !environment[name]);
  if (missing.length > 0) {
    throw new ToolError(`--own needs ${missing.join(', ')}`, {
      fix: 'set them to servers that you may use for a try, such as those of: eval "$(npm run --silent stack -- env)"',
    });
  }
  const { KUBECONFIG: kubeconfig = '', LYNQ_MYSQL_URL: mysqlUrl = '' } = environment;
  if (!URL.canParse(mysqlUrl) || new URL(mysqlUrl).protocol !== 'mysql:') {
    throw new ToolError('LYNQ_MYSQL_URL is no address such as mysql://user:password@host:3306', { fix: 'correct it' });
  }
  return { kubeconfig, mysqlUrl };
}

/** `INDEXED_VALUE_TYPE_KEYWORD` of temporal.api.enums.v1. */
const keyword = 2;
const attributes = ['LynqHub', 'LynqForm', 'LynqUid', 'LynqNode', 'LynqPhase'] as const;

/** The Temporal namespace of the person, and the search attributes that were missing there. */
export interface OwnTemporal {
  readonly address: string;
  readonly namespace: string;
  /** Adds the search attributes that are missing; returns their names. */
  addAttributes(): Promise<readonly string[]>;
  removeAttributes(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Connects as the worker will. @throws ToolError when the server cannot be reached. */
export async function openOwnTemporal(): Promise<OwnTemporal> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? '';
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '10s' }).catch(
    (error: unknown) => {
      throw new ToolError(`Temporal at ${address} cannot be reached: ${String(error)}`, {
        fix: 'correct TEMPORAL_ADDRESS',
      });
    },
  );
  const { operatorService } = new Client({ connection, namespace }).connection as Connection;
  return {
    address,
    namespace,
    async addAttributes() {
      const known = await operatorService.listSearchAttributes({ namespace });
      const missing = attributes.filter((name) => known.customAttributes?.[name] === undefined);
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
      if (missing.length > 0) await operatorService.addSearchAttributes({ namespace, searchAttributes });
      return missing;
    },
    async removeAttributes(names) {
      if (names.length > 0) await operatorService.removeSearchAttributes({ namespace, searchAttributes: [...names] });
    },
    close: () => connection.close(),
  };
}
