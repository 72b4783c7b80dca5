// One XMPP.js client on a WebSocket, told what to do by lines of JSON on standard input:
//     {"send": {"to": …, "body": …, "id": …}}   {"stop": true}
// and telling what happens on standard output: online, message, error, offline.
import readline from "node:readline";
import xmppClient from "@xmpp/client";

const { client, xml } = xmppClient;

const [service, username, password] = process.argv.slice(2);
const tell = (event, more = {}) => process.stdout.write(JSON.stringify({ event, ...more }) + "\n");

const xmpp = client({ service, domain: "localhost", username, password, resource: "js" });
xmpp.reconnect.stop();
xmpp.on("error", (error) => tell("error", { text: String(error) }));
xmpp.on("offline", () => tell("offline"));
xmpp.on("online", async (address) => {
  await xmpp.send(xml("presence"));
  tell("online", { address: address.toString() });
});
xmpp.on("stanza", (stanza) => {
  const body = stanza.is("message") && stanza.getChildText("body");
  if (body) tell("message", { from: stanza.attrs.from, type: stanza.attrs.type, id: stanza.attrs.id, body });
});

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { send, stop } = JSON.parse(line);
  if (send) {
    await xmpp.send(xml("message", { to: send.to, type: "chat", id: send.id }, xml("body", {}, send.body)));
  }
  if (stop) {
    await xmpp.stop();
    process.exit(0);
  }
});

xmpp.start().catch((error) => {
  tell("error", { text: String(error) });
  process.exit(1);
});
