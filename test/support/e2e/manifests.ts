/** A form as an object, for what the API server itself must take (no `lynq apply`, no lint in between). */
export interface FormObject {
  readonly apiVersion: 'operator.lynq.sh/v1';
  readonly kind: 'LynqForm';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly hubId: string } & Readonly<Record<string, unknown>>;
}

export interface ConfigMapEntry {
  readonly id: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly dependIds?: readonly string[];
  readonly deletionPolicy?: 'Delete' | 'Retain';
}

/** ConfigMaps `<uid>-<form>-<id>` in the namespace of the node: objects that are ready at once. */
export function configMapForm(
  place: { readonly name: string; readonly namespace: string; readonly hub: string },
  entries: readonly ConfigMapEntry[],
): FormObject {
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: place.name, namespace: place.namespace },
    spec: {
      hubId: place.hub,
      configMaps: entries.map(({ id, data = {}, ...rest }) => ({
        id,
        nameTemplate: `{{ .uid }}-${place.name}-${id}`,
        ...rest,
        spec: { apiVersion: 'v1', kind: 'ConfigMap', data },
      })),
    },
  };
}

/** A hub of a table `id`, `active` and the columns given. */
export function hubObject(options: {
  readonly name: string;
  readonly namespace: string;
  readonly database: { readonly host: string; readonly port: number; readonly name: string; readonly reader: string };
  readonly table: string;
  readonly extra: Readonly<Record<string, string>>;
  readonly syncInterval: string;
}): unknown {
  const { name, namespace, database, table, extra, syncInterval } = options;
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqHub',
    metadata: { name, namespace },
    spec: {
      source: {
        type: 'mysql',
        syncInterval,
        mysql: {
          host: database.host,
          port: database.port,
          database: database.name,
          table,
          username: database.reader,
          passwordRef: { name: 'mysql-credentials', key: 'password' },
        },
      },
      valueMappings: { uid: 'id', activate: 'active' },
      extraValueMappings: extra,
    },
  };
}
