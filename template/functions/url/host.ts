import { GoError } from '../../problems.ts';
import { fromBinary, toBinary } from '../support/bytes.ts';
import { hostNameOf, parseUrl } from './parse.ts';

/** The host name of a URL as Go's `url.Parse(text).Hostname()` gives it; undefined where Go finds no host or refuses the text. */
export function hostOf(text: string): string | undefined {
  try {
    const { host } = parseUrl(toBinary(text));
    return host === '' ? undefined : fromBinary(hostNameOf(host));
  } catch (error) {
    if (error instanceof GoError) return undefined;
    throw error;
  }
}
