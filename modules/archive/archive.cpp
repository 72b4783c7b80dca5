// archive: messages that stay on the server for the user's own clients (XEP-0313, with XEP-0059 and
// XEP-0441).
//
//     routing    keeping.h     draws an id for each message that is worth keeping, writes it into the
//                              recipient's copy (XEP-0359), and posts the message here
//     on_post    history.h     it is kept, within bounds; the oldest go
//     a client   queries.h     searches, a page at a time; preference_queries.h: says what is not to be kept
//     a timer    sweep.h       what is too old goes
//
// The host keeps nothing that was delivered, so archive is not loaded unless the operator asks for it. Where
// it is, both ends of a conversation have their own copy, encrypted bodies as they came; only sessions of the
// account itself reach it, and it goes with the account, or when a number gets a new key. Rooms are not
// archived, and neither are errors, headlines, and what says that it does not want to be (XEP-0334). An
// instance holds nothing.
//
// Configuration, "modules": { "archive": { ... } }:
//     messages_max         of one account (1000; 1 to 9000)
//     bytes_max            of one account's messages (4 MiB; 64 KiB to 1 GiB): they are in memory as well
//     days                 how long they stay (30; 1 to 3650)
//     sweep_seconds        between looks for what is too old (3600; 1 to 86400). It is not shown from its
//                          moment on
//     queries_per_second   of one account (100; 1 to 10000)
//
// Bad input                                                  Answer
//     another account's archive, a room's                    service-unavailable, whether there is one or not
//     a form that is of something else; a moment that is     bad-request
//     none; `max` that is no number; `default` that is none
//     fields that are not known; pages by index              feature-not-implemented
//     addresses that are none                                jid-malformed
//     an id that is not in the archive; a node               item-not-found
//     above 100 ids, 200 addresses; too many queries         policy-violation
//     a page above 100 messages or 512 KiB                   what fits, and complete='false'
#include "archive.h"

#include "topics.h"

namespace hotline::archive {

Archive::Archive(const hl_host* host)
    : history_(host), queries_(host, history_), preferences_(host), sweep_(host, history_) {}

// What no event shows: rows come back as they were written, a row that was cut is none, moments are read as
// they are written.
sdk::Status Archive::self_test(const hl_host*) {
  const std::string row = ArchivedRow{"anna@localhost/phone", "<message></message>"}.encode();
  const std::optional<ArchivedRow> read = ArchivedRow::decode(row);
  const bool is_read = read && read->encode() == row && read->peer == "anna@localhost/phone";
  const bool is_refused = !ArchivedRow::decode(row.substr(0, row.size() - 1)) && !ArchivedRow::decode("");
  constexpr std::uint64_t moment_ms = 1'393'268'587'250;
  const bool is_timed = moment_of_timestamp(sdk::timestamp(moment_ms)) == moment_ms &&
                        moment_us(moment_text(moment_ms * us_per_ms)) == moment_ms * us_per_ms;
  return is_read && is_refused && is_timed ? HL_OK : HL_E_FAULT;
}

std::optional<std::string> Archive::convert(std::string_view table, std::uint32_t from, std::uint32_t to,
                                            std::string_view row) {
  return table == archive_table ? ArchivedRow::convert(from, to, row) : std::nullopt;
}

sdk::Status Archive::on_stanza(const hl_stanza_event& event) const {
  const std::string_view type = sdk::view(event.stanza->type);
  if (type == "result" || type == "error") return HL_OK;
  sweep_.begin();
  const sdk::Status status = queries_.on_iq(event);
  return status == HL_E_NONE ? preferences_.on_iq(event) : status;
}

sdk::Status Archive::on_post(const hl_post_event& event) const {
  const std::string_view account = sdk::view(event.account);
  if (event.topic == topic::forget) {
    history_.erase_all(account);
    preferences_.erase(account);
    return HL_OK;
  }
  if (event.topic != topic::keep) return HL_E_NONE;
  std::string_view bytes = sdk::view(event.bytes);
  const std::string_view id = privacy::take_line(bytes), peer = privacy::take_line(bytes);
  // What another generation posted, in a form that this one does not know, is passed over.
  if (moment_us(id) == 0 || id.size() != id_size || !ArchivedRow::decode(ArchivedRow{peer, bytes}.encode()))
    return HL_OK;
  history_.put(account, id, peer, bytes);
  sweep_.begin();
  return HL_OK;
}

sdk::Status Archive::on_timer(const hl_timer_event& event) const {
  sweep_.on_timer(event);
  return HL_OK;
}

#ifdef HL_ARCHIVE_SCHEMA_2
#define HL_ARCHIVE_TABLE "table archive durable writes 2 reads 2\n"
#else
#define HL_ARCHIVE_TABLE "table archive durable writes 1 reads 1\n"
#endif

HL_MANIFEST(
    "about Keeps messages for the user's own clients, where the operator wants that\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.table/1\n"
    "needs hotline.timer/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.stats/1\n" HL_ARCHIVE_TABLE
    "table archive_preferences durable writes 1 reads 1\n"
    "table archive_state volatile writes 1 reads 1\n"
    "reads-table roster\n"
    "route iq urn:xmpp:mam:2 self\n"
    "accepts-posts routing\n"
    "accepts-posts registration\n"
    "feature urn:xmpp:mam:2\n"
    "feature urn:xmpp:mam:2#extended\n"
    "feature urn:xmpp:sid:0\n");

}  // namespace hotline::archive

HL_MODULE = hotline::sdk::entry<hotline::archive::Archive>(hotline::archive::hl_manifest_text);
