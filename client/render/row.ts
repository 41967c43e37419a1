import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { isRowUid } from '../../domain/api/patterns.ts';
import { frozenReasons, rowAnnotations, rowVariables } from '../../domain/rows.ts';
import { closest } from '../closest.ts';
import { CommandError, usageError } from '../errors.ts';
import { mask } from './print.ts';

/** A row as the command line gives it, turned into what the templates of a form see. */

export interface RowRequest {
  /** Values by column of the hub, or by template variable. */
  readonly given: Readonly<Record<string, string>>;
  readonly hubName: string;
  /** Without it, names are variables and only those given are declared. */
  readonly hub: LynqHubSpec | undefined;
  readonly form: string;
  readonly showSecrets: boolean;
}

export interface RowVariables {
  readonly uid: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Variables of secretValueMappings; masked unless they are to be shown. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Variables of the hub that were not given and are empty, as NULL is. */
  readonly empty: readonly string[];
}

const identity = ['uid', 'activate', 'hostOrUrl'] as const;

/** Variables of the row. Names that are neither a column nor a variable are refused, as is a row without uid or with one that no sync takes. */
export function buildRow({ given, hubName, hub, form, showSecrets }: RowRequest): RowVariables {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    for (const variable of variablesOf(name, hub)) values.set(variable, value);
  }
  const uid = uidOf(values, hub);
  const names = Object.keys(hub?.extraValueMappings ?? Object.fromEntries(values));
  const extras = names.filter((name) => !identity.some((own) => own === name));
  const row = {
    uid,
    activate: values.get('activate') ?? 'true',
    hostOrUrl: values.get('hostOrUrl') ?? '',
    extra: Object.fromEntries(extras.map((name) => [name, values.get(name) ?? ''])),
  };
  const secretNames = Object.keys(hub?.secretValueMappings ?? {});
  const shown = (name: string): string => (showSecrets ? (values.get(name) ?? '') : mask);
  return {
    uid,
    secrets: new Map(secretNames.map((name) => [name, shown(name)])),
    variables: rowVariables(rowAnnotations(row, hubName), uid, hubName, form),
    empty: [...extras, ...secretNames].filter((name) => !values.has(name)),
  };
}

function uidOf(values: ReadonlyMap<string, string>, hub: LynqHubSpec | undefined): string {
  const uid = values.get('uid');
  if (uid === undefined || uid === '') {
    const column = hub === undefined ? 'uid' : hub.valueMappings.uid;
    throw usageError('the row has no uid', `add --row ${column}=acme-corp`);
  }
  if (isRowUid(uid)) return uid;
  const message = `nothing was rendered: a sync would freeze the row ${uid} (InvalidUid)`;
  throw new CommandError(message, { fix: frozenReasons.InvalidUid });
}

/** What a name of `--row` sets: every variable that reads this column, else the variable of this name. */
function variablesOf(name: string, hub: LynqHubSpec | undefined): readonly string[] {
  if (hub === undefined) return [name];
  const columns: readonly (readonly [string, string | undefined])[] = [
    ...identity.map((variable) => [variable, hub.valueMappings[variable]] as const),
    ...Object.entries(hub.extraValueMappings ?? {}),
    ...Object.entries(hub.secretValueMappings ?? {}),
  ];
  const reading = columns.filter(([, column]) => column === name).map(([variable]) => variable);
  if (reading.length > 0) return reading;
  if (columns.some(([variable]) => variable === name)) return [name];
  const known = columns.flatMap(([variable, column]) => (column === undefined ? [] : [column, variable]));
  const near = closest(name, known);
  throw usageError(
    `--row ${name}: the hub maps no column and declares no variable of this name`,
    near === undefined
      ? `columns: ${columns.flatMap(([, column]) => column ?? []).join(', ')}`
      : `did you mean ${near}?`,
  );
}
