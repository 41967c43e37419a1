import { createInterface } from 'node:readline';

/** What a person said; `interrupted`: Ctrl-C instead of an answer. Anything but a yes is a no, the end of the input (Ctrl-D) too. */
export type Answer = boolean | 'interrupted';

export interface AskStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Whether keys are read one by one; as the output is a terminal when absent. */
  readonly terminal?: boolean;
}

/** Asks a question that is answered with yes or no. */
export function askPerson(question: string, streams: AskStreams): Promise<Answer> {
  const reader = createInterface(streams);
  return new Promise<Answer>((resolve) => {
    const unanswered = (answer: Answer) => (): void => {
      // The cursor still stands behind the question.
      streams.output.write('\n');
      settle(answer);
    };
    const atEnd = unanswered(false);
    const settle = (answer: Answer): void => {
      reader.off('close', atEnd);
      reader.close();
      resolve(answer);
    };
    reader.once('close', atEnd).once('SIGINT', unanswered('interrupted'));
    reader.question(`${question} [y/N] `, (answer) => settle(/^y(es)?$/i.test(answer.trim())));
  });
}
