import { GoError } from '../problems.ts';
import type { GoValue } from '../values.ts';
import { decodeJson } from '../values/json.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';
import { encodeJson, type JsonStyle } from './json/encode.ts';

const compact: JsonStyle = { html: true, indent: false };
const pretty: JsonStyle = { html: true, indent: true };
const raw: JsonStyle = { html: false, indent: false };

/** sprig ignores the error and keeps the empty text. */
function orEmpty(context: FunctionContext, value: GoValue, style: JsonStyle): string {
  try {
    return encodeJson(value, style, context);
  } catch (error) {
    if (error instanceof GoError) return '';
    throw error;
  }
}

/** Values as JSON text and back; `fromJson` is with the functions of the peer. `toRawJson` panics in sprig where its sisters are silent. */
export const json = {
  toJson: fn(['any'], (context, value) => orEmpty(context, value, compact)),
  toPrettyJson: fn(['any'], (context, value) => orEmpty(context, value, pretty)),
  toRawJson: fn(['any'], (context, value) => encodeJson(value, raw, context)),
  mustToJson: fn(['any'], (context, value) => encodeJson(value, compact, context)),
  mustToPrettyJson: fn(['any'], (context, value) => encodeJson(value, pretty, context)),
  mustToRawJson: fn(['any'], (context, value) => encodeJson(value, raw, context)),
  mustFromJson: fn(['string'], (_context, text) => decodeJson(text)),
} satisfies FunctionTable;
