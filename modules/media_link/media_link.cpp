// media_link: files too large for a message, by link (XEP-0363).
//
//     slots.h      where an account may put one, and how much: iq to upload.<domain>
//     transfers.h  PUT and GET of /media/SECRET/NAME; what is refused, and how; what another node has
//     references.h who was sent a link and has not accepted the message yet: for them a file stays
//     policy.h     which client model gets a file as what: a table, to be pushed
//     variants.h   files as the policy has them, made by the operator's program, kept and gone with the file
//     reaper.h     what goes, and when; what moves to slower storage
//     files.h      the rows of files, at the homes of 65,536 folders: no home has more than its share
//
// An instance holds nothing. Bytes never come here: the host moves them between socket and disk
// (hotline.file/1), and a file that is being put or got goes on through every push.
//
// Who has the link has the file, until its time is over: the secret has 160 random bits, a guess is answered
// as what never was, and rows and directories know its digest alone. A file's name is in its link, and kept
// nowhere.
//
// Configuration, "modules": { "media_link": { ... } }:
//     url              where peers find this host's `https` listener: "https://example.org:8443" (none: no
//                      slots)
//     node             what other nodes know this one by: up to 32 of a-z and 0-9. Links name it then, and
//     any
//                      node that has it among its `nodes` passes on what it is asked of it (none)
//     size_max         bytes of one file (104857600)
//     quota_bytes      of an account's files together (1073741824)
//     files_max        of an account (1000)
//     slot_seconds     from a slot to its PUT (600)
//     upload_seconds   from the beginning of the PUT to its end, interruptions included (21600)
//     keep_days        a file, at the longest (30)
//     accepted_seconds a file whose link was sent, once everybody it was sent to has accepted the message
//     (604800) reap_seconds     between two slices of cleaning up (5)
//     archive_after_seconds  a file that is so old, and older than upload_seconds, moves to the host's slower
//     storage
//                      (0: none does)
//
// Counted (`hotline modules`): files_stored, files_sent, requests_refused, files_reaped, files_cleaned,
// requests_passed_on, variants_made, variants_failed, variants_sent, files_archived, bytes_archived,
// archive_full (that a folder's files were not taken).
#include "media_link.h"

#include "words.h"

namespace hotline::media_link {

namespace {
constexpr std::string_view ns_info = "http://jabber.org/protocol/disco#info";
constexpr std::string_view ns_items = "http://jabber.org/protocol/disco#items";

void append_field(sdk::Xml& xml, std::string_view var, std::string_view value) {
  xml.open("field").attr("var", var);
  if (var == "FORM_TYPE") xml.attr("type", "hidden");
  xml.leaf("value", value).close();
}

std::string info(std::uint64_t size_max) {
  sdk::Xml xml;
  xml.open("query", ns_info).open("identity");
  xml.attr("category", "store").attr("type", "file").attr("name", "Files").close();
  for (const std::string_view feature : {ns_info, ns_upload})
    xml.open("feature").attr("var", feature).close();
  xml.open("x", sdk::ns_forms).attr("type", "result");
  append_field(xml, "FORM_TYPE", ns_upload);
  append_field(xml, "max-file-size", std::to_string(size_max));
  return xml.take();
}

}  // namespace

MediaLink::MediaLink(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      settings_(host),
      files_(host),
      slots_(host, settings_, files_),
      answers_(host),
      variants_(host, files_, answers_),
      transfers_(host, settings_, files_, answers_, variants_),
      references_(host, settings_, files_),
      reaper_(host, settings_, files_, references_, variants_) {}

sdk::Status MediaLink::on_stanza(const hl_stanza_event& event) {
  const hl_stanza& stanza = *event.stanza;
  const std::string_view type = sdk::view(stanza.type), ns = sdk::view(stanza.payload_ns);
  if (event.session == 0 || stanza.kind != HL_STANZA_IQ) return HL_E_NONE;
  if (type != "get" && type != "set") return HL_OK;  // We ask nothing.
  const std::optional<sdk::Jid> to = sdk::Jid::parse(sdk::view(stanza.to));
  if (!to || !to->local.empty() || !to->resource.empty()) return HL_E_NONE;
  reaper_.begin();
  if (ns == ns_upload) {
    slots_.on_iq(event);
    return HL_OK;
  }
  const bool is_node = !stanzas_.payload(stanza).attr("node").empty();
  if (type != "get" || is_node) return HL_E_NONE;
  if (ns == ns_info) {
    sessions_.send(event.session, sdk::iq_result(stanza, info(settings_.size_max)));
    return HL_OK;
  }
  if (ns == ns_items) {
    sdk::Xml xml;
    xml.empty("query", ns_items);
    sessions_.send(event.session, sdk::iq_result(stanza, xml.take()));
    return HL_OK;
  }
  return HL_E_NONE;
}

sdk::Status MediaLink::on_request(const hl_request_event& event) {
  reaper_.begin();
  return transfers_.on_request(event);
}

sdk::Status MediaLink::on_post(const hl_post_event& event) {
  const std::string_view account = sdk::view(event.account), bytes = sdk::view(event.bytes);
  reaper_.begin();
  switch (event.topic) {
    case topic::slot_wanted: slots_.on_wanted(bytes); break;
    case topic::slot_made: slots_.on_made(bytes); break;
    case topic::put: transfers_.on_put(bytes); break;
    case topic::get: transfers_.on_get(bytes); break;
    case topic::get_for_model: transfers_.on_get_for_model(bytes); break;
    case topic::variant: variants_.on_ask(bytes); break;
    case topic::variant_made: variants_.on_made(bytes); break;
    case topic::variant_unneeded: variants_.on_unneeded(bytes); break;
    case topic::variant_gone: variants_.on_gone(bytes); break;
    case topic::stored: slots_.on_stored(account, bytes); break;
    case topic::forget: reaper_.forget(bytes); break;
    case topic::account_removed:
      slots_.on_account_removed(account);
      references_.on_account_removed(account);
      break;
    case topic::referenced:
      if (event.stanza != nullptr) references_.on_referenced(account, *event.stanza);
      break;
    case topic::hold: references_.on_hold(bytes); break;
    case topic::held: references_.on_held(account, bytes); break;
    case topic::release: references_.on_release(bytes); break;
    case topic::released: references_.on_released(account, bytes); break;
    default: break;  // Of a generation that knew more.
  }
  return HL_OK;
}

sdk::Status MediaLink::on_work(const hl_work_event& event) {
  static_cast<void>(transfers_.on_work(event) || slots_.on_copied(event) || variants_.on_work(event) ||
                    reaper_.on_work(event));
  return HL_OK;
}

// A shard that has clients has an event for this module soon after a start.
sdk::Status MediaLink::on_session(const hl_session_event& event) {
  if (event.what != HL_SESSION_ENDED) reaper_.begin();
  return HL_OK;
}

sdk::Status MediaLink::on_timer(const hl_timer_event& event) {
  static_cast<void>(reaper_.on_timer(event) || variants_.on_timer(event));
  return HL_OK;
}

HL_MANIFEST(
    "about Files by link: slots, uploads, downloads\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.table/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.post/1\n"
    "needs hotline.timer/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "needs hotline.stats/1\n"
    "needs hotline.http/1\n"
    "needs hotline.file/1\n"
    "wants hotline.log/1\n"
    "table media_files durable writes 1 reads 1\n"
    "table media_uploads durable writes 1 reads 1\n"
    "table media_references durable writes 1 reads 1\n"
    "table media_holds durable writes 1 reads 1\n"
    "table media_variants durable writes 1 reads 1\n"
    "table media_rounds volatile writes 1 reads 1\n"
    "table media_making volatile writes 1 reads 1\n"
    "service upload\n"
    "sessions\n"
    "http PUT /media head\n"
    "http GET /media\n"
    "http OPTIONS /media\n"
    "accepts-posts registration\n"
    "accepts-posts routing\n"
    "accepts-posts groups\n");

}  // namespace hotline::media_link

HL_MODULE = hotline::sdk::entry<hotline::media_link::MediaLink>(hotline::media_link::hl_manifest_text);
