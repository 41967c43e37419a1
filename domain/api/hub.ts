import { z } from 'zod';
import { checked, Condition, ObjectMeta, requiredInSchema } from './meta.ts';

/** LynqHub: where the rows come from and which columns mean what (parity 1.2, additions of decisions.md section 1). */

export const SecretKeyRef = z.object({
  name: z.string().describe('Name of the Secret, in the namespace of the hub.'),
  key: z.string().describe('Key inside the Secret.'),
});
export type SecretKeyRef = z.infer<typeof SecretKeyRef>;

/** The server refuses an empty text in the words of the Go operator's webhook (parity 8). */
const filled = (field: string, name: string) => ({ rule: `size(self.${field}) > 0`, message: `${name} is required` });

const blockOf = (type: 'mysql' | 'postgres') => ({
  rule: `self.type != '${type}' || has(self.${type})`,
  message: `${type} configuration is required when source type is ${type}`,
});

/** Present means: encrypted, the server's certificate and name verified, TLS 1.2 or newer, and no connection otherwise. */
export const TlsSettings = z.object({
  caRef: SecretKeyRef.optional().describe(
    'Secret key with the certificates (PEM) that the server is verified by; the well-known ones when absent.',
  ),
  serverName: z
    .string()
    .optional()
    .describe('Name that the certificate of the server must have; host when absent. Required when host is an address.'),
  certRef: SecretKeyRef.optional().describe('Secret key with the certificate (PEM) to present to the server.'),
  keyRef: SecretKeyRef.optional().describe('Secret key with the private key (PEM) of that certificate.'),
});
export type TlsSettings = z.infer<typeof TlsSettings>;

/**
 * Longest text of a table: two names of 64 characters in quotes, each a quote itself and so doubled, have 261, and there is room for blanks. The API server
 * holds new texts against it; one that a hub has had before is refused where it is read, so that the hub can still be corrected, paused and deleted.
 */
export const longestTable = 512;
const tableLimit = { maxLength: longestTable } as const;

export const MySqlSource = z
  .object({
    host: z.string().describe('Host name or address of the server.'),
    port: z.int32().min(1).max(65535).default(3306).meta(requiredInSchema).describe('TCP port of the server.'),
    username: z.string().describe('Account to read with; SELECT on the table is enough.'),
    passwordRef: SecretKeyRef.optional().describe('Secret key that holds the password.'),
    database: z.string().describe('Database (schema) of the table.'),
    table: z.string().meta(tableLimit).describe('Table or view; `db.table` is allowed.'),
    tls: TlsSettings.optional().describe(
      'Encrypts and verifies the connection; without it everything is sent in clear.',
    ),
  })
  .meta(checked(...['host', 'username', 'database', 'table'].map((field) => filled(field, `mysql.${field}`))));
export type MySqlSource = z.infer<typeof MySqlSource>;

export const PostgresSource = z
  .object({
    host: z.string().describe('Host name or address of the server.'),
    port: z.int32().min(1).max(65535).default(5432).describe('TCP port of the server.'),
    username: z.string().describe('Role to read with; SELECT on the table and USAGE on its schema are enough.'),
    passwordRef: SecretKeyRef.optional().describe('Secret key that holds the password.'),
    database: z.string().describe('Database of the table.'),
    schema: z.string().default('public').describe('Schema of the table.'),
    table: z
      .string()
      .meta(tableLimit)
      .describe('Table or view, as it is stored (names are case-sensitive); `schema.table` is allowed.'),
    tls: TlsSettings.optional().describe(
      'Encrypts and verifies the connection; without it everything is sent in clear.',
    ),
  })
  .meta(checked(...['host', 'username', 'database', 'table'].map((field) => filled(field, `postgres.${field}`))));
export type PostgresSource = z.infer<typeof PostgresSource>;

export const HubSource = z
  .object({
    type: z.enum(['mysql', 'postgres']).describe('Kind of the data source.'),
    syncInterval: z
      .string()
      .regex(/^[0-9]+(s|m|h)$/)
      .default('30s')
      .meta(requiredInSchema)
      .describe('How often the table is read; 0s means only on changes and on request.'),
    mysql: MySqlSource.optional().describe('The MySQL or MariaDB source; required when type is mysql.'),
    postgres: PostgresSource.optional().describe('The PostgreSQL source; required when type is postgres.'),
  })
  .meta(checked(...(['mysql', 'postgres'] as const).map(blockOf)));
export type HubSource = z.infer<typeof HubSource>;

export const ValueMappings = z
  .object({
    uid: z.string().describe('Column that holds the uid of a row.'),
    activate: z.string().describe('Column that tells whether a row is active.'),
    hostOrUrl: z
      .string()
      .optional()
      .describe('Deprecated: column with a host or URL; use extraValueMappings and toHost.'),
  })
  .meta(checked(...['uid', 'activate'].map((field) => filled(field, `valueMappings.${field}`))));
export type ValueMappings = z.infer<typeof ValueMappings>;

export const DeletionGuard = z.object({
  enabled: z.boolean().default(true).describe('Whether deletions beyond the budget are held.'),
  maxRows: z.int32().min(0).default(10).describe('Rows that may always go within one hour.'),
  maxPercent: z
    .int32()
    .min(0)
    .max(100)
    .default(20)
    .describe('Share of the rows with nodes that may go within one hour.'),
  allowEmpty: z.boolean().default(false).describe('Whether an empty result may remove every node.'),
});
export type DeletionGuard = z.infer<typeof DeletionGuard>;

export const LynqHubSpec = z.object({
  source: HubSource.describe('Where the rows are read from.'),
  valueMappings: ValueMappings.describe('Columns with a fixed meaning.'),
  extraValueMappings: z.record(z.string(), z.string()).optional().describe('Template variable to column name.'),
  secretValueMappings: z
    .record(z.string(), z.string())
    .optional()
    .describe('Template variable to column name, for values that are kept in Secrets only.'),
  deletionGuard: DeletionGuard.optional().describe('Limits on how many rows may lose their nodes at once.'),
  paused: z.boolean().optional().describe('Whether syncs of this hub are suspended.'),
});
export type LynqHubSpec = z.infer<typeof LynqHubSpec>;

const count = () => z.int32().optional();

export const FrozenRow = z.object({
  uid: z.string().describe('Text of the uid column.'),
  reason: z.string().describe('Why the row is not acted on, in one word.'),
  message: z.string().describe('What is wrong and what to do.'),
});
export type FrozenRow = z.infer<typeof FrozenRow>;

export const DeletionWindowEntry = z.object({
  at: z.string().meta({ format: 'date-time' }).describe('When rows lost their nodes.'),
  rows: z.int32().describe('How many rows did.'),
  going: z
    .array(z.string())
    .optional()
    .describe('Of them, hashes of those that may still have nodes: a sync that takes these again spends nothing.'),
});
export type DeletionWindowEntry = z.infer<typeof DeletionWindowEntry>;

export const DeletionHold = z.object({
  maxRows: z.int32().describe('Largest spec.deletionGuard.maxRows of the syncs that held.'),
  maxPercent: z.int32().describe('Largest spec.deletionGuard.maxPercent of the syncs that held.'),
  allowEmpty: z.boolean().describe('Whether spec.deletionGuard.allowEmpty was set at a sync that held.'),
});
export type DeletionHold = z.infer<typeof DeletionHold>;

export const SourceRecord = z.object({
  identity: z.string().describe('Hash of server and table or view definition of the known source.'),
  candidate: z.string().describe('Hash of another source that has answered since; empty when none has.'),
  candidateRows: z.string().describe('Hash of the uids with nodes that it did not show last.'),
  equalReads: z.int32().describe('Reads of it that were equal to the one before; two make it the known source.'),
});
export type SourceRecord = z.infer<typeof SourceRecord>;

export const AbsentForm = z.object({
  name: z.string().describe('Name of the form.'),
  since: z.string().meta({ format: 'date-time' }).describe('When it was first found absent.'),
  confirmed: z
    .string()
    .meta({ format: 'date-time' })
    .describe('When it was last looked for; 30 seconds after `since` or later it counts as deleted.'),
});
export type AbsentForm = z.infer<typeof AbsentForm>;

export const LynqHubStatus = z.object({
  observedGeneration: z.int().optional().meta({ format: 'int64' }).describe('Generation this status is about.'),
  referencingTemplates: count().describe('Number of forms that name this hub.'),
  desired: count().describe('Forms times active rows.'),
  ready: count().describe('LynqNodes that are Ready.'),
  failed: count().describe('LynqNodes that failed.'),
  conditions: z.array(Condition).optional().describe('State of the hub in standard conditions.'),
  lastSyncTime: z.string().optional().meta({ format: 'date-time' }).describe('End of the last complete sync.'),
  lastSyncDuration: z.string().optional().describe('How long the last complete sync took, e.g. 1.2s.'),
  rows: z
    .object({
      seen: z.int32().describe('Rows the server delivered.'),
      active: z.int32().describe('Different uids that are acted on.'),
      frozen: z.int32().describe('Of those seen, rows that are not acted on.'),
      held: z.int32().describe('Rows whose deletion is held; they are gone from the table, or inactive.'),
      inactive: count().describe('Of those seen, inactive rows.'),
      repeated: count().describe('Of those seen, further rows equal to an active one.'),
      provisioned: count().describe('Of the active ones, rows with a Ready node of every form.'),
      waiting: count().describe('Of the active ones, rows with a node that is not Ready yet or cannot be made.'),
      failed: count().describe('Of the active ones, rows with a node that has failed.'),
    })
    .optional()
    .describe('Rows of the last complete sync.'),
  frozenRows: z
    .array(FrozenRow)
    .optional()
    .describe('Rows that are not acted on, with the reason (at most 20 are listed).'),
  warnings: z
    .array(z.string())
    .optional()
    .describe('What the last read found odd but acted on (at most 10 are listed).'),
  source: SourceRecord.optional().describe('Which source is known to answer, to notice another one.'),
  absentForms: z
    .array(AbsentForm)
    .optional()
    .describe('Forms that have nodes of this hub and do not exist; their nodes go once a form counts as deleted.'),
  deletionGuard: z
    .object({
      window: z.array(DeletionWindowEntry).describe('Deletions of the last hour.'),
      rowsAtStart: z.int32().describe('Rows with nodes when the window began.'),
      hold: DeletionHold.optional().describe(
        'Deletions are held until all rows are back, the set is approved, or spec.deletionGuard allows more than this.',
      ),
    })
    .optional()
    .describe('What was deleted within the last hour, and what is held.'),
});
export type LynqHubStatus = z.infer<typeof LynqHubStatus>;

export const LynqHub = z.object({
  metadata: ObjectMeta,
  spec: LynqHubSpec,
  status: LynqHubStatus.optional(),
});
export type LynqHub = z.infer<typeof LynqHub>;
