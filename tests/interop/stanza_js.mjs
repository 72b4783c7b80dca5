// One stanza.js client on a WebSocket. A line of JSON on standard input calls one of its methods:
//     {"id": 1, "call": "joinRoom", "args": ["room@groups.localhost", "Juliet"]}
// and is answered on standard output by {"id": 1, "event": "result" or "failure", "data": …}. What the client
// emits of `told` is told as {"event": …, "data": …}. "break" ends the connection without a word.
import readline from "node:readline";
import * as XMPP from "stanza";

const [service, name, password] = process.argv.slice(2);
const told = [
  "session:started", "stream:management:resumed", "disconnected", "auth:failed", "message:acked", "message:error",
  "chat", "groupchat", "receipt", "marker:displayed", "carbon:sent", "carbon:received", "muc:topic", "muc:invite",
  "muc:leave", "muc:destroyed", "available", "unavailable", "subscribe", "subscribed", "block", "unblock", "avatar",
];
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const client = XMPP.createClient({
  jid: `${name}@localhost`,
  password,
  resource: "stanza",
  transports: { websocket: service, bosh: false },
  autoReconnect: false,
});
for (const event of told) client.on(event, (data) => tell({ event, data: data ?? null }));

const acts = {
  break: () => client.transport.socket.terminate(),
  // Bytes come as base64.
  publishAvatar: (id, data) => client.publishAvatar(id, Buffer.from(data, "base64")),
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, call, args } = JSON.parse(line);
  try {
    const data = await (acts[call] ? acts[call](...args) : client[call](...args));
    tell({ id, event: "result", data: data ?? null });
  } catch (error) {
    tell({ id, event: "failure", data: error instanceof Error ? String(error) : error });
  }
});

client.connect();
