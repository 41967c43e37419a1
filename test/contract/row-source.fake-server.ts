import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * A server that speaks just enough of the MySQL protocol to lie in it. What it answers to a statement is up to the test:
 * rows, an error number, raw bytes, or nothing at all.
 */
export type Answer =
  | { readonly rows: readonly (readonly (string | null)[])[]; readonly columns: number; readonly warnings?: number }
  | { readonly errno: number }
  /** `hangsUp`: and ends the connection after them. `flood`: and sends this again and again behind them, until the client hangs up. */
  | { readonly bytes: Buffer; readonly hangsUp?: boolean; readonly flood?: Buffer }
  | { readonly kind: 'ok' }
  | { readonly kind: 'silence' };

export interface FakeServer {
  readonly port: number;
  /** Statements in the order of arrival. */
  readonly statements: readonly string[];
  /** All bytes that clients have sent; what came encrypted is here as it was meant. */
  received(): Buffer;
  /** Clients that are connected. */
  connections(): number;
  /** Ends all connections. */
  cut(): void;
  close(): Promise<void>;
}

export interface FakeBehaviour {
  readonly version?: string;
  /** Sent instead of a greeting. */
  readonly greeting?: Buffer;
  /** Sent instead of the OK that ends a login: to the login itself, and one by one to what the client says next. */
  readonly login?: Buffer | readonly Buffer[];
  /** Speaks TLS with this certificate: whoever asks for it right after the greeting gets it. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Does not hang up when the client has said that it sends nothing more, but goes on talking. */
  readonly stays?: boolean;
  readonly answer?: (sql: string) => Answer;
}

/** A packet with its header; the payload is shorter than 16 MiB. */
export function packet(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, payload]);
}

/** What a greeting may offer beyond the usual. */
interface Offer {
  readonly method?: string;
  readonly tls?: boolean;
  readonly compression?: boolean;
}

export function greeting(version: string, { method = 'mysql_native_password', tls, compression }: Offer = {}): Buffer {
  return packet(
    0,
    Buffer.concat([
      Buffer.from([10]),
      Buffer.from(`${version}\0`),
      Buffer.from([1, 0, 0, 0]),
      Buffer.from('saltsalt\0'),
      // CONNECT_WITH_DB, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, LOCAL_FILES; utf8mb4; autocommit; PLUGIN_AUTH.
      Buffer.from([compression === true ? 0xa9 : 0x89, tls === true ? 0xaa : 0xa2, 45, 2, 0, 0x08, 0x00, 21]),
      Buffer.alloc(10),
      Buffer.from('saltsaltsalt\0'),
      Buffer.from(`${method}\0`),
    ]),
  );
}

export const okPayload = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

export function errorPayload(errno: number): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(errno);
  return Buffer.concat([Buffer.from([0xff]), number, Buffer.from('#HY000canary text of the server')]);
}

/** What ends a statement without rows, and says that more results follow. */
export const okWithMore = Buffer.from([0, 0, 0, 0x0a, 0, 0, 0]);

function eofPayload(warnings = 0): Buffer {
  return Buffer.from([0xfe, warnings, 0, 2, 0]);
}

/** The packet that ends the rows of an answer, as long as any other. */
export const endOfRows = packet(0, eofPayload());

function lengthCoded(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 251) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const size = Buffer.from([0xfd, 0, 0, 0]);
  size.writeUIntLE(bytes.length, 1, 3);
  return Buffer.concat([size, bytes]);
}

/** A text column. */
function columnPayload(name: string): Buffer {
  const tail = Buffer.from([0x0c, 45, 0, 255, 0, 0, 0, 253, 0, 0, 0, 0, 0]);
  return Buffer.concat([...['def', '', '', '', name, name].map(lengthCoded), tail]);
}

function rowPayload(cells: readonly (string | null)[]): Buffer {
  return Buffer.concat(cells.map((cell) => (cell === null ? Buffer.from([0xfb]) : lengthCoded(cell))));
}

/** A whole result set. */
export function resultBytes({ rows, columns, warnings }: Extract<Answer, { rows: unknown }>): Buffer {
  const payloads = [
    columns < 251 ? Buffer.from([columns]) : Buffer.from([0xfc, columns % 256, columns >> 8]),
    ...Array.from({ length: columns }, (_, index) => columnPayload(`c${index}`)),
    eofPayload(),
    ...rows.map(rowPayload),
    eofPayload(warnings),
  ];
  return Buffer.concat(payloads.map((payload, index) => packet((index + 1) % 256, payload)));
}

function bytesOf(answer: Answer): Buffer {
  if ('rows' in answer) return resultBytes(answer);
  if ('errno' in answer) return packet(1, errorPayload(answer.errno));
  if ('bytes' in answer) return answer.bytes;
  return answer.kind === 'ok' ? packet(1, okPayload) : Buffer.alloc(0);
}

/** What an honest server with one row `acme, 1` answers. */
export function honest(sql: string): Answer {
  const one = (text: string): Answer => ({ columns: 1, rows: [[text]] });
  if (sql.startsWith('SELECT VERSION')) return one('8.0.36');
  if (sql.startsWith('SELECT @@warning_count')) return one('0');
  if (sql.startsWith('SELECT COUNT')) return one('1');
  if (sql.startsWith('SELECT `')) return { columns: 2, rows: [['acme', '1']] };
  if (sql.includes('information_schema.tables')) return { columns: 3, rows: [['BASE TABLE', 'InnoDB', null]] };
  if (sql.includes('information_schema')) return { columns: 1, rows: [] };
  return sql.startsWith('SELECT') ? one('x') : { kind: 'ok' };
}

/** Only what is written shows that the other end is closed and not merely silent; a packet that has no end is no answer yet. */
function keepTalking(socket: Socket): void {
  socket.on('end', () => {
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0]));
    const talk = setInterval(() => socket.write('.'), 20);
    socket.on('close', () => clearInterval(talk));
  });
}

/** What has no end for a client that hangs up ends here for one that takes it all. */
const floodBytes = 2 ** 29;

/** Sends these bytes again and again, as fast as the client takes them. */
export function flood(socket: Socket, bytes: Buffer): void {
  let sent = 0;
  const pour = (): void => {
    while (!socket.destroyed && sent < floodBytes) {
      sent += bytes.length;
      if (!socket.write(bytes)) {
        socket.once('drain', pour);
        return;
      }
    }
  };
  pour();
}

/** Bytes of the packet by which a client asks for TLS; its handshake comes right behind. */
const tlsRequestBytes = 36;

function upgrade(socket: Socket, { cert, key }: { cert: string; key: string }, serve: (line: Socket) => void): void {
  socket.on('readable', function asked() {
    if (socket.read(tlsRequestBytes) === null) return;
    socket.off('readable', asked);
    const line = new TLSSocket(socket, { isServer: true, cert, key });
    line.on('error', () => undefined);
    serve(line);
  });
}

/** COM_PING. */
const ping = 14;

export async function openFakeServer(behaviour: FakeBehaviour = {}): Promise<FakeServer> {
  const statements: string[] = [];
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();

  function serve(line: Socket, afterTls: number): void {
    const logins = [behaviour.login ?? packet(2 + afterTls, okPayload)].flat();
    line.on('data', (data) => {
      chunks.push(data);
      const login = logins.shift();
      if (login !== undefined) {
        line.write(login);
        return;
      }
      if (data[4] === ping) line.write(packet(1, okPayload));
      // COM_QUERY; statements of the tests fit into one chunk.
      if (data[4] !== 3) return;
      const sql = data.subarray(5).toString('utf8');
      statements.push(sql);
      const answer = (behaviour.answer ?? honest)(sql);
      line.write(bytesOf(answer));
      if (!('bytes' in answer)) return;
      if (answer.flood !== undefined) flood(line, answer.flood);
      if (answer.hangsUp === true) line.end();
    });
  }

  const server = createServer({ allowHalfOpen: behaviour.stays ?? false }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (behaviour.stays === true) keepTalking(socket);
    socket.write(behaviour.greeting ?? greeting(behaviour.version ?? '8.0.36'));
    if (behaviour.tls === undefined) serve(socket, 0);
    else upgrade(socket, behaviour.tls, (line) => serve(line, 1));
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    statements,
    received: () => Buffer.concat(chunks),
    connections: () => sockets.size,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
