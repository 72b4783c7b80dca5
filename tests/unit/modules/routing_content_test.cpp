// Each kind of content that clients send each other comes as it was sent, to who is there and to who is away.
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;

namespace {

struct Content {
  const char* kind;
  const char* children;
};
constexpr Content contents[] = {
    {"text", "<body>tea &amp; toast at 5 – ☕ 𝄞 \u202e ok</body>"},
    {"text in two languages", "<body xml:lang='en'>tea</body><body xml:lang='ja'>お茶</body>"},
    {"location (XEP-0080)",
     "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>59.33</lat><lon>18.06</lon></geoloc>"
     "<body>geo:59.33,18.06</body>"},
    {"a file's link (XEP-0066)",
     "<body>https://localhost/media/ab</body><x "
     "xmlns='jabber:x:oob'><url>https://localhost/media/ab</url></x>"},
    {"a file's link with its facts and a thumbnail (XEP-0447, 0264)",
     "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline'><file xmlns='urn:xmpp:file:metadata:0'>"
     "<media-type>image/jpeg</media-type><size>3032449</size>"
     "<thumbnail xmlns='urn:xmpp:thumbs:1' uri='data:image/jpeg;base64,/9j/4AAQ' width='64' height='64'/>"
     "</file><sources><url-data xmlns='http://jabber.org/protocol/url-data' "
     "target='https://localhost/media/ab'/></sources></file-sharing>"},
    {"a delivery receipt (XEP-0184)", "<received xmlns='urn:xmpp:receipts' id='m1'/>"},
    {"a read receipt (XEP-0333)", "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>"},
    {"a contact (XEP-0292)",
     "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Ada</text></fn></vcard><body>Ada</body>"},
    {"an invitation to a group (XEP-0249)", "<x xmlns='jabber:x:conference' jid='tea@groups.localhost'/>"},
    {"a correction (XEP-0308)", "<body>toast</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>"},
    {"a reaction (XEP-0444)",
     "<reactions xmlns='urn:xmpp:reactions:0' id='m1'><reaction>👋</reaction></reactions>"
     "<store xmlns='urn:xmpp:hints'/>"},
    {"what is encrypted (XEP-0384)",
     "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='31415'>BASE64</key>"
     "<iv>SVY=</iv></header><payload>Q0lQSEVS</payload></encrypted><store xmlns='urn:xmpp:hints'/>"},
    {"what nobody here knows", "<order xmlns='urn:example:tea' cups='2'><milk/></order><body>tea</body>"},
};

}  // namespace

TEST_CASE("routing: each kind of content comes as it was sent, at once or from the mailbox") {
  for (const Content& content : contents) {
    CAPTURE(content.kind);
    for (const bool is_there : {true, false}) {
      CAPTURE(is_there);
      World world;
      const hl_session alice = world.online("alice", "phone");
      hl_session bob = is_there ? world.online("bob", "desk") : 0;
      world.say(alice, with_value("<message to='bob@localhost' type='chat' id='m9'>", content.children) +
                           "</message>");
      CHECK(world.mailbox("bob") == 1);
      if (!is_there) {
        bob = world.online("bob", "desk");
        world.host.drain(bob);
      }
      CHECK(has(only(world.host.sent(bob)), content.children));
      CHECK(world.host.sent(alice).empty());
    }
  }
}
