// The manifest: what a module says of itself, readable from the file without running any of it.
//
// Lines of words, kept in the ELF section ".hotline.manifest". The first two, `name` and `version`,
// come from the build (hotline_add_module(NAME VERSION ...)); the rest is the module's:
//
//   abi 1.0                          the ABI it was compiled for (HL_MANIFEST adds it)
//   about Routes messages            one line for people
//   needs hotline.table/1            a capability it cannot do without
//   wants hotline.crypto/1           one it can do without
//   table roster durable writes 2 reads 1 2
//                                    a table of its own: `durable` or `volatile`, the schema it writes,
//                                    those it reads (others are converted first). A table is named
//                                    once: two modules may not claim one.
//   reads-table accounts             another module's table that it reads and never writes
//   route message any                stanza routes: KIND [NAMESPACE] ADDRESS [before-login|before-bind]
//   route iq jabber:iq:roster self       KIND: message presence iq nonza
//   route nonza urn:ietf:params:xml:ns:xmpp-sasl none before-login
//                                        NAMESPACE: of the first child (iq) or of the element (nonza);
//                                        `*` is any. message and presence have none.
//                                        ADDRESS (of `to`): none (absent), self (absent or the own bare
//                                        address), domain (the host's), bare, full, any.
//                                        Without a last word a route is for streams with a bound
//                                        resource only; one for several stages is said several times.
//                                        The most specific route wins; two modules with the same
//                                        one are a refused push.
//   stream                           wants on_stream (one module only)
//   sessions                         wants on_session
//   drain                            writes the mailbox entries that it put to sessions: on_drain
//   service groups                   answers for `groups.<domain>`: on_stanza for all that bound clients send
//                                    to that domain and the addresses in it, before any route. One module a
//                                    name.
//   line echo                        lines of the listener of that name
//   http POST /v1/code               HTTP requests of that method whose path is this, or goes on behind it
//                                    with a '/'; the longest path wins. GET answers HEAD, too.
//   http PUT /media head             the same; a request with a body is given as its head, and its body goes
//                                    where file.receive says
//   command user.add account         a control command; `account`: it runs at the home of its parameter
//                                    "account"; `everywhere`: each shard answers
//   accepts-posts routing            another module whose posts it takes (post.to_module)
//   feature urn:xmpp:ping            a disco feature the host lists for whoever asks (features())
//   budget call_us 20000             how long one call may take before it is charged as slow (50 ms)
//   budget hard_us 250000            how much processor time it may take before the host ends it: a fault
//                                    (250 ms, or five times call_us where that is more)
#ifndef HOTLINE_MANIFEST_H
#define HOTLINE_MANIFEST_H

#include "hotline/host.h"

#define HL_STRINGIFY_(x) #x
#define HL_STRINGIFY(x) HL_STRINGIFY_(x)

#define HL_MANIFEST_SECTION ".hotline.manifest"

// Puts the manifest into the file and names it `hl_manifest_text` for hl_module_entry.manifest.
// `text` is a string literal, each line of it ended with \n.
#define HL_MANIFEST(text)                                                                    \
  __attribute__((section(HL_MANIFEST_SECTION), used)) static const char hl_manifest_text[] = \
      "name " HL_MODULE_NAME "\nversion " HL_MODULE_VERSION                                  \
      "\nabi " HL_STRINGIFY(HL_ABI_MAJOR) "." HL_STRINGIFY(HL_ABI_MINOR) "\n" text

#endif
