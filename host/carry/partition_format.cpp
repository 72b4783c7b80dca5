#include "carry/partition_format.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "base/fields.h"

namespace hotline {

// Each part's fields, in their order. What a version of a part adds is passed at its end.

template <typename Pass>
void pass_fields(Pass& pass, CarriedReceipt& it) {
  pass.pass(it.session), pass.pass(it.stanza), pass.pass(it.shard), pass.pass(it.host),
      pass.pass(it.partition);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedHead::Table& it) {
  pass.pass(it.name), pass.pass(it.is_durable);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedHead& it) {
  pass.pass(it.partition), pass.pass(it.host), pass.pass(it.entry_id);
  pass.pass_list(it.modules), pass.pass_list(it.fields), pass.pass_list(it.listeners),
      pass.pass_list(it.tables);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedEntry& it) {
  pass.pass(it.id), pass.pass(it.tag), pass.pass(it.wall_ms), pass.pass(it.body_bytes), pass.pass(it.flags);
  pass.pass(it.module), pass.pass(it.kept), pass.pass(it.is_expiring), pass.pass(it.body);
  pass_fields(pass, it.receipt);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedRow& it) {
  pass.pass(it.table), pass.pass(it.schema), pass.pass(it.key), pass.pass(it.value);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedTimer& it) {
  pass.pass(it.module), pass.pass(it.key), pass.pass(it.left_us), pass.pass(it.bytes);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedAccount& it) {
  pass.pass(it.address);
  pass.pass_list(it.entries), pass.pass_list(it.rows), pass.pass_list(it.timers);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedOutgoing& it) {
  pass.pass(it.entry), pass.pass(it.adds_to), pass.pass(it.bytes);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedField& it) {
  pass.pass(it.number), pass.pass(it.value);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedSession& it) {
  pass.pass(it.handle), pass.pass(it.account), pass.pass(it.resource), pass.pass(it.sm_id);
  pass.pass(it.since_wall_ms), pass.pass(it.stream), pass.pass(it.resume_left_us);
  pass.pass(it.is_cut), pass.pass(it.has_sm), pass.pass(it.is_requested), pass.pass(it.owes_answer);
  pass.pass(it.owed), pass.pass(it.owed_last), pass.pass(it.before), pass.pass(it.acknowledged);
  pass.pass(it.resume_s), pass.pass(it.owed_age_us), pass.pass(it.requested_age_us), pass.pass(it.request);
  pass.pass(it.received), pass.pass_list(it.holds), pass.pass_list(it.fields);
  pass.pass_list(it.unacknowledged), pass.pass(it.is_draining), pass.pass(it.left_behind);
  pass.pass(it.drained), pass.pass(it.quiet_s), pass.pass(it.asked_s);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedFramer& it) {
  pass.pass(it.from), pass.pass(it.lang), pass.pass(it.declarations), pass.pass(it.partial);
  pass.pass(it.is_open), pass.pass(it.reader);
}

template <typename Pass>
void pass_fields(Pass& pass, CarriedConnection& it) {
  pass.pass(it.handle), pass.pass(it.session), pass.pass(it.account), pass.pass(it.home_account);
  pass.pass(it.from), pass.pass(it.lang), pass.pass(it.scratch), pass.pass(it.peer), pass.pass(it.listener);
  pass.pass(it.is_loopback), pass.pass(it.has_from), pass.pass(it.was_told), pass.pass(it.failures);
  pass.pass(it.deadline_left_us), pass.pass(it.resumes), pass.pass(it.resumes_h);
  pass.pass(it.resumes_answer);
  pass.pass(it.has_tls), pass.pass(it.is_opened), pass.pass(it.had_partial), pass.pass(it.was_heard);
  pass.pass(it.has_input), pass.pass(it.tls), pass.pass(it.input), pass.pass(it.output);
  pass.pass(it.unsent), pass.pass(it.sent_bytes);
  pass_fields(pass, it.framer);
}

namespace {

constexpr std::string_view magic = "HLPT";
constexpr std::size_t part_head_bytes = 4 + 2 + 4;

struct PartName {
  std::string_view text;
  std::uint16_t version;  // In this version of the format.
};
constexpr PartName head_part{"HEAD", 1}, account_part{"ACCT", 1}, session_part{"SESS", 1},
    connection_part{"CONN", 1}, last_part{"LAST", 1};
constexpr std::array known_parts{head_part, account_part, session_part, connection_part, last_part};

struct Last {
  std::uint32_t accounts = 0, sessions = 0, connections = 0;
};
template <typename Pass>
void pass_fields(Pass& pass, Last& it) {
  pass.pass(it.accounts), pass.pass(it.sessions), pass.pass(it.connections);
}

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

std::size_t secret_bytes(const CarriedParts& parts) {
  std::size_t all = 0;
  constexpr std::size_t of_numbers = 512;  // More than all its numbers and sizes of texts take.
  for (const CarriedConnection& one : parts.connections) {
    all += of_numbers;
    for (const std::string* text :
         {&one.account, &one.home_account, &one.from, &one.lang, &one.scratch, &one.peer, &one.resumes_answer,
          &one.tls, &one.input, &one.output, &one.unsent, &one.framer.from, &one.framer.lang,
          &one.framer.declarations, &one.framer.partial, &one.framer.reader})
      all += text->size();
  }
  return all;
}

template <typename Part>
void write_part(std::string& out, const PartName& name, const Part& part) {
  out.append(name.text);
  FieldWriter fields(out);
  fields.pass(name.version);
  const std::size_t size_at = out.size();
  fields.pass(std::uint32_t{0});
  pass_fields(fields, const_cast<Part&>(part));
  const std::size_t size = out.size() - size_at - 4;
  for (std::size_t i = 0; i < 4; ++i) out[size_at + i] = static_cast<char>(size >> (8 * i));
}

std::string quoted(std::string_view name) {
  const bool is_shown = std::ranges::all_of(name, [](char letter) { return letter >= 'A' && letter <= 'Z'; });
  return is_shown ? "`" + std::string(name) + "`" : "of an odd name";
}

Error damaged(const std::string& what) {
  return {"a carried partition is damaged: " + what + "; it stays where it came from"};
}

struct RawPart {
  std::string_view name, fields;
};

Result<RawPart> cut_part(std::string_view& bytes) {
  if (bytes.size() < part_head_bytes) return damaged("it ends in the middle of a part");
  RawPart part{bytes.substr(0, 4), {}};
  FieldReader head(bytes.substr(4, part_head_bytes - 4));
  std::uint16_t version = 0;
  std::uint32_t size = 0;
  head.pass(version), head.pass(size);
  const auto known = std::ranges::find(known_parts, part.name, &PartName::text);
  if (known == known_parts.end())
    return Error{"a carried partition has a part " + quoted(part.name) +
                 " that this host does not know; carry it in format " + std::to_string(carry_version)};
  if (version != known->version)
    return Error{"a carried partition has its part " + quoted(part.name) + " in version " +
                 std::to_string(version) + ", this host reads " + std::to_string(known->version) +
                 "; carry it in format " + std::to_string(carry_version)};
  bytes.remove_prefix(part_head_bytes);
  if (size > bytes.size()) return damaged("its part " + quoted(part.name) + " is not whole");
  part.fields = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return part;
}

// Numbers that name something name what is there.
bool is_sound(const CarriedParts& parts) {
  const CarriedHead& head = parts.head;
  const auto is_module = [&head](std::uint16_t module) { return module < head.modules.size(); };
  for (const CarriedAccount& account : parts.accounts) {
    std::uint64_t last = 0;
    for (const CarriedEntry& entry : account.entries) {
      const bool is_kept = entry.kept == static_cast<std::uint8_t>(CarriedEntry::Kept::on_disk);
      if (entry.id <= last || !is_module(entry.module) || entry.kept > 2 || (!entry.body && !is_kept))
        return false;
      if (entry.body && entry.body->size() != entry.body_bytes) return false;
      last = entry.id;
    }
    if (!std::ranges::all_of(account.rows,
                             [&](const CarriedRow& row) { return row.table < head.tables.size(); }))
      return false;
    if (!std::ranges::all_of(account.timers,
                             [&](const CarriedTimer& timer) { return is_module(timer.module); }))
      return false;
  }
  for (const CarriedSession& session : parts.sessions) {
    if (session.account >= parts.accounts.size() || session.resource.empty() || session.handle == 0)
      return false;
    if (session.before > session.unacknowledged.size()) return false;
    for (const CarriedField& field : session.fields)
      if (field.number >= head.fields.size()) return false;
    const std::vector<CarriedEntry>& entries = parts.accounts[session.account].entries;
    for (const CarriedOutgoing& one : session.unacknowledged) {
      const auto entry = std::ranges::lower_bound(entries, one.entry, {}, &CarriedEntry::id);
      const bool has_body = entry != entries.end() && entry->id == one.entry && entry->body;
      if (!one.bytes && !has_body) return false;
    }
  }
  return std::ranges::all_of(parts.connections, [&](const CarriedConnection& one) {
    return one.handle != 0 && one.listener < head.listeners.size() && one.has_tls == !one.tls.empty();
  });
}

template <typename Part>
bool read_part(const RawPart& raw, Part& part) {
  FieldReader fields(raw.fields);
  pass_fields(fields, part);
  return fields.is_whole();
}

bool is_in_order(std::string_view name, const CarriedParts& parts, bool has_head) {
  if (name == head_part.text) return !has_head;
  if (!has_head) return false;
  if (name == account_part.text) return parts.sessions.empty() && parts.connections.empty();
  return name != session_part.text || parts.connections.empty();
}

bool take_part(const RawPart& raw, CarriedParts& parts) {
  if (raw.name == head_part.text) return read_part(raw, parts.head);
  if (raw.name == account_part.text) return read_part(raw, parts.accounts.emplace_back());
  if (raw.name == session_part.text) return read_part(raw, parts.sessions.emplace_back());
  return read_part(raw, parts.connections.emplace_back());
}

}  // namespace

CarriedParts::~CarriedParts() {
  for (CarriedConnection& one : connections)
    for (std::string* secret :
         {&one.tls, &one.input, &one.output, &one.scratch, &one.framer.partial, &one.framer.reader})
      wipe(*secret);
}

Result<std::string> encode_partition(const CarriedParts& parts, std::uint32_t version) {
  if (version < carry_version_min || version > carry_version)
    return Error{"a partition cannot be carried in format " + std::to_string(version) +
                 ": this host writes " + std::to_string(carry_version_min) + " to " +
                 std::to_string(carry_version)};
  std::string out(magic);
  FieldWriter(out).pass(version);
  write_part(out, head_part, parts.head);
  for (const CarriedAccount& one : parts.accounts) write_part(out, account_part, one);
  for (const CarriedSession& one : parts.sessions) write_part(out, session_part, one);
  // From here on there are keys in it: a string that grows would leave them behind.
  out.reserve(out.size() + secret_bytes(parts) + 64);
  for (const CarriedConnection& one : parts.connections) write_part(out, connection_part, one);
  write_part(out, last_part,
             Last{static_cast<std::uint32_t>(parts.accounts.size()),
                  static_cast<std::uint32_t>(parts.sessions.size()),
                  static_cast<std::uint32_t>(parts.connections.size())});
  return out;
}

Result<CarriedParts> decode_partition(std::string_view bytes) {
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + 4)
    return Error{"these bytes are no carried partition"};
  std::uint32_t version = 0;
  FieldReader(bytes.substr(magic.size(), 4)).pass(version);
  if (version < carry_version_min || version > carry_version)
    return Error{"a partition is carried in format " + std::to_string(version) + ", and this host reads " +
                 std::to_string(carry_version_min) + " to " + std::to_string(carry_version) +
                 ": the one that carries has to write one of these"};
  bytes.remove_prefix(magic.size() + 4);
  CarriedParts parts;
  for (bool has_head = false;; has_head = true) {
    Result<RawPart> raw = cut_part(bytes);
    if (!raw) return raw.error();
    if (!is_in_order(raw->name, parts, has_head))
      return damaged("its part " + quoted(raw->name) + " is out of place");
    if (raw->name != last_part.text) {
      if (!take_part(*raw, parts))
        return damaged("its part " + quoted(raw->name) + " is not what it should be");
      continue;
    }
    Last last;
    const bool is_all = read_part(*raw, last) && bytes.empty() && last.accounts == parts.accounts.size() &&
                        last.sessions == parts.sessions.size() &&
                        last.connections == parts.connections.size();
    if (!is_all) return damaged("some of it is missing");
    if (!is_sound(parts)) return damaged("its parts contradict each other");
    return parts;
  }
}

}  // namespace hotline
