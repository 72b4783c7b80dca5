#include "slots.h"

#include <algorithm>

#include "ranges.h"
#include "session/base64.h"

namespace hotline::media_link {

namespace {

constexpr std::size_t file_name_bytes_max = 255;
constexpr std::uint64_t ms_per_s = 1'000;
constexpr std::string_view any_type = "application/octet-stream";
constexpr std::string_view ns_hashes = "urn:xmpp:hashes:2";
constexpr std::string_view copy_token = "copy";
constexpr std::size_t copy_token_bytes_max = 4'096;

std::uint64_t setting(const sdk::Config& config, std::string_view key, std::int64_t otherwise) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(config.number(key, otherwise), 1));
}

// A path's segment (RFC 3986 3.3), whatever the name has in it; what would be no segment is a dash.
std::string as_segment(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string segment;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("-._~").find(c) != std::string_view::npos;
    if (is_plain) {
      segment.append(1, c);
    } else if (c == '/' || c == '\\' || byte < 0x20) {
      segment.append(1, '_');
    } else {
      segment.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  return segment.find_first_not_of('.') == std::string::npos ? "-" : segment;
}

struct Upload {
  std::uint64_t size = 0, expires_ms = 0;
  std::string_view digest;
};
std::optional<Upload> upload_of(std::string_view row) {
  const auto words = split_words(row, 3);
  const auto size = words ? number_of((*words)[0]) : std::nullopt;
  const auto expires_ms = words ? number_of((*words)[1]) : std::nullopt;
  if (!size || !expires_ms) return std::nullopt;
  return Upload{*size, *expires_ms, (*words)[2]};
}

// The digest of the file that a request tells of (XEP-0300), in digits; empty: none that we know.
std::string digest_of(const sdk::Element& request) {
  const sdk::Element hash = request.child("hash", ns_hashes);
  if (hash.attr("algo") != "sha-256") return {};
  const auto bytes = session::base64_decode(hash.text());
  return bytes && bytes->size() * 2 == digest_digits ? in_digits(*bytes) : std::string();
}

}  // namespace

Settings::Settings(const hl_host* host) {
  const sdk::Config config(host);
  size_max = setting(config, "size_max", 104'857'600);
  quota_bytes = setting(config, "quota_bytes", 1'073'741'824);
  files_max = setting(config, "files_max", 1'000);
  slot_ms = setting(config, "slot_seconds", 600) * ms_per_s;
  upload_ms = setting(config, "upload_seconds", 21'600) * ms_per_s;
  keep_ms = setting(config, "keep_days", 30) * 86'400 * ms_per_s;
  accepted_ms = setting(config, "accepted_seconds", 604'800) * ms_per_s;
  // What is being put stays where it is put.
  const std::int64_t archive_after_s = config.number("archive_after_seconds", 0);
  archive_after_ms =
      archive_after_s <= 0 ? 0 : std::max(static_cast<std::uint64_t>(archive_after_s) * ms_per_s, upload_ms);
  url = config.text("url", "");
  node = config.text("node", "");
  if (!is_node(node)) node.clear();
}

Slots::Slots(const hl_host* host, const Settings& settings, const Files& files)
    : settings_(settings),
      files_(files),
      sessions_(host),
      stanzas_(host),
      random_(host),
      posts_(host),
      disk_(host),
      uploads_(sdk::Tables(host).open("media_uploads")) {}

void Slots::refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                   std::string_view text, std::string_view more) const {
  sessions_.send(event.session, sdk::stanza_error(*event.stanza, type, condition, text, more));
}

void Slots::on_iq(const hl_stanza_event& event) const {
  const sdk::Element request = stanzas_.payload(*event.stanza);
  const std::string_view file_name = request.attr("filename");
  const auto size = number_of(request.attr("size"));
  if (sdk::view(event.stanza->type) != "get" || request.name() != "request")
    return refuse(event, "modify", "bad-request", "a slot is asked for with an iq of type get");
  if (settings_.url.empty())
    return refuse(event, "cancel", "service-unavailable", "no address for uploads is configured here");
  if (file_name.empty() || file_name.size() > file_name_bytes_max || !size || *size == 0)
    return refuse(event, "modify", "bad-request",
                  "a slot needs filename (255 bytes at most) and size, a number of bytes");
  if (*size > settings_.size_max) {
    sdk::Xml xml;
    xml.open("file-too-large", ns_upload).leaf("max-file-size", std::to_string(settings_.size_max));
    return refuse(event, "modify", "not-acceptable",
                  "a file may have " + std::to_string(settings_.size_max) + " bytes", xml.take());
  }
  const std::string_view said = request.attr("content-type");
  const auto type = said.empty() ? std::optional(std::string(any_type)) : media_type(said);
  if (!type) return refuse(event, "modify", "bad-request", "content-type is no media type");
  const Used used = used_by(sdk::view(event.account));
  if (used.bytes + *size > settings_.quota_bytes || used.files >= settings_.files_max) {
    sdk::Xml xml;
    xml.open("retry", ns_upload).attr("stamp", sdk::timestamp(used.frees_ms));
    return refuse(event, "wait", "resource-constraint",
                  "this account may keep " + std::to_string(settings_.quota_bytes) + " bytes in " +
                      std::to_string(settings_.files_max) + " files; wait until older ones have gone",
                  used.files == 0 ? std::string() : xml.take());
  }
  std::string digest = digest_of(request);
  if (!has_put(sdk::view(event.account), *size, digest)) digest.clear();
  grant(event, {*size, *type, file_name, std::move(digest)});
}

bool Slots::has_put(std::string_view owner, std::uint64_t size, std::string_view digest) const {
  if (digest.empty()) return false;
  for (auto row = uploads_.next(owner, {}); row; row = uploads_.next(owner, row->key)) {
    const auto upload = upload_of(row->value);
    if (upload && upload->size == size && upload->digest == digest) return true;
  }
  return false;
}

Slots::Used Slots::used_by(std::string_view owner) const {
  Used used;
  std::string key;
  for (auto row = uploads_.next(owner, {}); row; row = uploads_.next(owner, key)) {
    key = row->key;
    const auto upload = upload_of(row->value);
    if (!upload || upload->expires_ms <= files_.now_ms()) {
      uploads_.erase(owner, key);
      continue;
    }
    used.bytes += upload->size;
    ++used.files;
    if (used.frees_ms == 0 || upload->expires_ms < used.frees_ms) used.frees_ms = upload->expires_ms;
  }
  return used;
}

void Slots::grant(const hl_stanza_event& event, const Wish& wish) const {
  const std::string_view owner = sdk::view(event.account);
  const std::string token = random_.hex(token_bytes);
  const std::string name = files_.name_of(token);
  const std::string at = settings_.node.empty() ? "" : "-" + settings_.node;
  const std::string url =
      settings_.url + std::string(path_prefix) + token + at + "/" + as_segment(wish.file_name);
  sdk::Xml xml;
  xml.open("slot", ns_upload).open("put").attr("url", url).close().open("get").attr("url", url).close();
  const std::string granted = sdk::iq_result(*event.stanza, xml.take());
  const std::string busy = sdk::stanza_error(*event.stanza, "wait", "resource-constraint",
                                             "too much is going on at once; try again");
  // Until it is put, and while that goes on, it counts; then for as long as it is kept.
  const std::uint64_t now_ms = files_.now_ms();
  const std::string row = join_words(
      {std::to_string(wish.size), std::to_string(now_ms + settings_.slot_ms + settings_.upload_ms), ""});
  const std::string words = join_words({std::to_string(event.session), name, owner, std::to_string(wish.size),
                                        std::to_string(now_ms + settings_.slot_ms), wish.type, wish.digest,
                                        std::to_string(granted.size())});
  if (uploads_.put(owner, name, row) != HL_OK) return static_cast<void>(sessions_.send(event.session, busy));
  if (posts_.bytes(folder_account(name), topic::slot_wanted, words + "\n" + granted + busy) == HL_OK) return;
  uploads_.erase(owner, name);
  sessions_.send(event.session, busy);
}

// SESSION NAME OWNER SIZE EXPIRES_MS TYPE DIGEST BYTES '\n' the answer of so many bytes, and the other one.
void Slots::on_wanted(std::string_view bytes) const {
  const std::size_t end = bytes.find('\n');
  const auto words = split_words(bytes.substr(0, end), 8);
  const auto granted_bytes = words ? number_of((*words)[7]) : std::nullopt;
  if (end == std::string_view::npos || !granted_bytes || bytes.size() - end - 1 < *granted_bytes) return;
  const std::string_view answers = bytes.substr(end + 1), name = (*words)[1], owner = (*words)[2];
  const auto row = FileRow::decode(join_words({"s", (*words)[3], (*words)[4], "0", owner, (*words)[5]}));
  if (!row || name.size() != token_digits) return;
  if (files_.is_known(name) || !files_.put(name, *row))
    return tell_made(owner, (*words)[0], name, answers.substr(*granted_bytes));
  const std::string_view granted = answers.substr(0, *granted_bytes), digest = (*words)[6];
  const std::string token =
      join_words({copy_token, (*words)[0], name, owner, digest}) + "\n" + std::string(granted);
  const bool is_copied = digest.size() == digest_digits && token.size() <= copy_token_bytes_max &&
                         disk_.copy(digest, name, folder_account(name), token) == HL_OK;
  if (!is_copied) tell_made(owner, (*words)[0], {}, granted);
}

// The slot's bytes are there, or they are not any more: then it is a slot like others.
bool Slots::on_copied(const hl_work_event& event) const {
  const std::string_view token = sdk::view(event.token);
  const std::size_t end = token.find('\n');
  const auto words = split_words(token.substr(0, end), 5);
  if (!words || (*words)[0] != copy_token || end == std::string_view::npos) return false;
  const std::string_view name = (*words)[2], owner = (*words)[3], digest = (*words)[4];
  std::optional<FileRow> row = name.size() == token_digits ? files_.find(name) : std::nullopt;
  const auto told = split_words(sdk::view(event.result), 2);
  if (row && row->state == FileRow::State::slot && event.status == HL_OK && told &&
      number_of((*told)[0]) == row->size) {
    row->become_whole(FileRow::State::copied, digest, files_.now_ms() + settings_.keep_ms);
    if (files_.put(name, *row))
      static_cast<void>(
          posts_.bytes(owner, topic::stored, join_words({name, std::to_string(row->expires_ms), digest})));
  }
  tell_made(owner, (*words)[1], {}, token.substr(end + 1));
  return true;
}

// Who is not told asks again; the slot goes with its time.
void Slots::tell_made(std::string_view owner, std::string_view session, std::string_view refused_name,
                      std::string_view answer) const {
  std::string back = join_words({session, refused_name.empty() ? "+" : refused_name});
  back.append("\n").append(answer);
  static_cast<void>(posts_.bytes(owner, topic::slot_made, back));
}

void Slots::on_made(std::string_view bytes) const {
  const std::size_t end = bytes.find('\n');
  const auto words = split_words(bytes.substr(0, end), 2);
  const auto session = words ? number_of((*words)[0]) : std::nullopt;
  if (end == std::string_view::npos || !session) return;
  if (const auto info = sessions_.info(*session)) {
    if ((*words)[1] != "+") uploads_.erase(sdk::view(info->account), (*words)[1]);
    sessions_.send(*session, bytes.substr(end + 1));
  }
}

// NAME EXPIRES_MS SHA256: it is whole.
void Slots::on_stored(std::string_view owner, std::string_view bytes) const {
  const auto words = split_words(bytes, 3);
  if (!words || !number_of((*words)[1])) return;
  const auto row = uploads_.get(owner, (*words)[0]);
  const auto upload = row ? upload_of(*row) : std::nullopt;
  if (!upload) return;
  // It replaces one that is there: there is room.
  static_cast<void>(
      uploads_.put(owner, (*words)[0], join_words({std::to_string(upload->size), (*words)[1], (*words)[2]})));
}

void Slots::on_account_removed(std::string_view owner) const {
  for (auto row = uploads_.next(owner, {}); row; row = uploads_.next(owner, {})) {
    const std::string name(row->key);
    // A file that is not forgotten now is reaped with its time.
    if (name.size() == token_digits)
      static_cast<void>(posts_.bytes(folder_account(name), topic::forget, name));
    uploads_.erase(owner, name);
  }
}

}  // namespace hotline::media_link
