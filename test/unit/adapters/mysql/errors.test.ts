import { describe, expect, it } from 'vitest';
import { errnoOf, readFailure } from '../../../../adapters/mysql/errors.ts';
import type { Place } from '../../../../adapters/sql/row-source.ts';
import { SessionError } from '../../../../adapters/sql/session-error.ts';
import { LynqFailure } from '../../../../domain/failures.ts';

const place: Place = {
  hub: 'hub',
  host: 'db.internal',
  port: 3306,
  user: 'lynq_reader',
  database: 'nodes_db',
  table: 'nodes_db.nodes',
};

function serverError(errno: number): Error {
  return Object.assign(new Error(`canary ${errno}`), { errno, code: 'ER_X', sqlMessage: 'canary', sql: 'canary' });
}

describe('adapters/mysql/errors', () => {
  it.each([
    [1045, 'SourceDenied', 'lynq_reader'],
    [1044, 'SourceDenied', 'nodes_db'],
    [1698, 'SourceDenied', 'lynq_reader'],
    [3118, 'SourceDenied', 'lynq_reader on db.internal:3306 is locked'],
    [4151, 'SourceDenied', 'lynq_reader on db.internal:3306 is locked'],
    [1049, 'SourceShapeWrong', 'no database nodes_db'],
    [1146, 'SourceShapeWrong', 'nodes_db.nodes'],
    [1054, 'SourceShapeWrong', 'nodes_db.nodes'],
    [1142, 'SourceShapeWrong', 'grant SELECT'],
    [1143, 'SourceShapeWrong', 'grant SELECT'],
    [1356, 'SourceShapeWrong', 'view nodes_db.nodes'],
    [1064, 'SourceShapeWrong', 'nodes_db.nodes'],
    [1040, 'SourceUnreachable', 'db.internal:3306'],
    [1969, 'SourceIncomplete', 'statement limit'],
    [3024, 'SourceIncomplete', 'statement limit'],
    [1317, 'SourceIncomplete', 'nodes_db.nodes'],
    [9999, 'SourceIncomplete', '9999'],
  ])('translates errno %s to %s', (errno, type, words) => {
    const failure = readFailure(serverError(errno), place, 'read');

    expect(failure.type).toBe(type);
    expect(failure.message).toContain(words);
    expect(failure.detail).toMatchObject({ error: errno, server: 'db.internal:3306', table: 'nodes_db.nodes' });
  });

  it.each(['ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND', 'ECONNRESET', 'PROTOCOL_CONNECTION_LOST', 'EPIPE'])(
    'translates %s to SourceUnreachable with the server',
    (code) => {
      const failure = readFailure(Object.assign(new Error('canary'), { code, errno: -111 }), place, 'read');

      expect(failure.type).toBe('SourceUnreachable');
      expect(failure.message).toContain('db.internal');
    },
  );

  it('calls an unknown error unreachable before the login and incomplete after it', () => {
    expect(readFailure(new RangeError('canary'), place, 'connect').type).toBe('SourceUnreachable');
    expect(readFailure(new RangeError('canary'), place, 'read').type).toBe('SourceIncomplete');
    expect(readFailure('text', place, 'read').type).toBe('SourceIncomplete');
  });

  it('translates what a session ends by itself', () => {
    expect(readFailure(new SessionError('SESSION_ABORTED'), place, 'connect').type).toBe('SourceIncomplete');
    expect(readFailure(new SessionError('SESSION_OVERTIME'), place, 'read').type).toBe('SourceIncomplete');
    expect(readFailure(new SessionError('SESSION_ROW_TOO_LARGE'), place, 'read').type).toBe('SourceShapeWrong');
    expect(readFailure(new SessionError('SESSION_TOO_MUCH'), place, 'read').type).toBe('SourceShapeWrong');
    expect(readFailure(new SessionError('SESSION_POOL_EXHAUSTED'), place, 'connect').type).toBe('SourceUnreachable');
  });

  it('passes our own failures through', () => {
    const failure = new LynqFailure('HubInvalid', 'mine');

    expect(readFailure(failure, place, 'read')).toBe(failure);
  });

  it('never repeats what the server wrote', () => {
    for (const errno of [1045, 1054, 1064, 1146, 1317, 4242]) {
      const failure = readFailure(serverError(errno), place, 'read');

      expect(`${failure.message} ${JSON.stringify(failure.detail)}`).not.toContain('canary');
    }
    const odd = Object.assign(new Error('x'), { code: 'canary: text as a code' });
    expect(readFailure(odd, place, 'read').message).not.toContain('canary');
  });

  it('takes no system error for an answer of the server', () => {
    expect(errnoOf(Object.assign(new Error('x'), { errno: -111 }))).toBeUndefined();
    expect(errnoOf(serverError(1146))).toBe(1146);
    expect(errnoOf(Object.assign(new Error('x'), { code: 1927 }))).toBe(1927);
    expect(errnoOf(null)).toBeUndefined();
  });
});
