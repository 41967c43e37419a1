/** Environment variables as given; always an argument, never read inside. */
export type Environment = Readonly<Record<string, string | undefined>>;

const serverVariables = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'];

/**
 * The environment of a server: an allow-list. A KUBECONFIG, TEMPORAL_ADDRESS, ETCD_* or MYSQL_* of the user must never
 * reach a server of the stack, or it would talk to a system that is not ours.
 */
export function serverEnvironment(environment: Environment): Record<string, string> {
  return pick(environment, (name) => serverVariables.includes(name));
}

const foreignToBuilds =
  /^(KUBECONFIG$|TEMPORAL_|ETCD_|GOOS$|GOARCH$|GOBIN$|GOFLAGS$|GOWORK$|CGO_ENABLED$|VIRTUAL_ENV$|PYTHONHOME$)/;

/**
 * The environment of an installer: everything as given, since proxies, certificates and registries are set there, but
 * nothing that would build for another machine or point at a user's cluster.
 */
export function installerEnvironment(environment: Environment): Record<string, string> {
  return pick(environment, (name) => !foreignToBuilds.test(name));
}

function pick(environment: Environment, wanted: (name: string) => boolean): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && wanted(name)) result[name] = value;
  }
  return result;
}
