import type { Logger } from '../../domain/ports.ts';
import type { Listening, ServerIdentity } from './http.ts';

/** Mounted files change without a word, a minute or so after their Secret; controller-runtime looks as often. */
const renewalMilliseconds = 10_000;

export interface RenewalParts {
  readonly listening: Listening;
  /** The certificate that is shown. */
  readonly shown: ServerIdentity;
  readonly identity: () => ServerIdentity;
  readonly logger: Logger;
  readonly everyMilliseconds?: number | undefined;
}

/**
 * Looks at the files of a certificate again and again, and lets new callers be shown what is there now. While it cannot be used, as between the two files of a
 * pair that is being replaced, the one before stays; that is said once. Returns what ends the looking.
 */
export function renewIdentity({ listening, shown, identity, logger, everyMilliseconds }: RenewalParts): () => void {
  let current = shown;
  let told = '';
  const look = () => {
    try {
      const next = identity();
      told = '';
      if (next.cert === current.cert && next.key === current.key) return;
      listening.renew(next);
      current = next;
      logger.info('the certificate of the metrics was renewed');
    } catch (error) {
      const problem = String(error);
      if (problem !== told) logger.warn('the certificate of the metrics could not be renewed', { error: problem });
      told = problem;
    }
  };
  const timer = setInterval(look, everyMilliseconds ?? renewalMilliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
