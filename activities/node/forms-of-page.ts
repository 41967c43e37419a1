import type { LynqForm } from '../../domain/api/form.ts';
import type { FormStore } from '../forms.ts';

/** An edit of a form while many nodes go is heeded within this time. */
const freshMilliseconds = 1_000;

interface Answer {
  /** Before the request was sent. */
  readonly askedAt: number;
  readonly form: Promise<LynqForm | undefined>;
}

/**
 * The forms as the removals of many nodes ask for them. Each wants to know what its form says of retention by the time it goes, and all of them were being
 * deleted before this was opened: an answer to any request that was sent since is as good as one to a request of their own. So a form is read once for all of
 * them, and once more for each second that it takes, for the sake of a person who has second thoughts.
 */
export function formsOfPage(forms: FormStore, now = (): number => performance.now()): FormStore {
  const answers = new Map<string, Answer>();
  const present: FormStore['present'] = (namespace, name) => {
    const key = `${namespace}/${name}`;
    const known = answers.get(key);
    if (known !== undefined && now() - known.askedAt < freshMilliseconds) return known.form;
    const answer = { askedAt: now(), form: forms.present(namespace, name) };
    answers.set(key, answer);
    // What could not be read is asked again by the next one.
    answer.form.catch(() => {
      if (answers.get(key) === answer) answers.delete(key);
    });
    return answer.form;
  };
  return { ...forms, present };
}
