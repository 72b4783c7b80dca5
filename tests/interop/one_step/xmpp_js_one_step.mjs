// One XMPP.js client that logs in by SASL2, Bind 2 and FAST, told what to do by lines of JSON on standard input:
//     {"send": {"to": …, "body": …, "id": …}}   {"cut": true}   {"stop": true}
// and telling what happens on standard output: online, cut, resumed, message, token, error, offline. A client that is cut
// comes back by itself; what it logs in with is its own business.
import readline from "node:readline";
import { client, xml } from "@xmpp/client";

const [service, username, password] = process.argv.slice(2);
const tell = (event, more = {}) => process.stdout.write(JSON.stringify({ event, ...more }) + "\n");

// On a busy machine the two seconds in which it expects each answer are too few.
const xmpp = client({ service, domain: "localhost", username, password, resource: "js", timeout: 20_000 });
xmpp.reconnect.delay = 10;
const { saveToken } = xmpp.fast;
xmpp.fast.saveToken = async (token) => {
  if (token) tell("token", { mechanism: token.mechanism });
  return saveToken(token);
};
xmpp.on("error", (error) => tell("error", { text: String(error) }));
xmpp.on("offline", () => tell("offline"));
xmpp.on("online", async (address) => {
  await xmpp.send(xml("presence"));
  tell("online", { address: address.toString() });
});
xmpp.streamManagement.on("resumed", () => tell("resumed", { address: xmpp.jid.toString() }));
xmpp.on("stanza", (stanza) => {
  const body = stanza.is("message") && stanza.getChildText("body");
  if (body) tell("message", { from: stanza.attrs.from, id: stanza.attrs.id, body });
});

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { send, cut, stop } = JSON.parse(line);
  if (send) await xmpp.send(xml("message", { to: send.to, type: "chat", id: send.id }, xml("body", {}, send.body)));
  if (cut) {
    xmpp.once("disconnect", () => tell("cut"));
    xmpp.socket.socket.destroy();
  }
  if (stop) {
    xmpp.reconnect.stop();
    await xmpp.stop();
    process.exit(0);
  }
});

// What was on its way when it was cut fails, and XMPP.js waits for none of it.
process.on("unhandledRejection", () => {});

xmpp.start().catch((error) => {
  tell("error", { text: String(error) });
  process.exit(1);
});
