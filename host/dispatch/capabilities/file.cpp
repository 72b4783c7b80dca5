// hotline.file/1: request bodies into files, answers out of them.
#include "hotline/cap/file.h"

#include <unistd.h>

#include <algorithm>

#include "arena/block_owner.h"
#include "base/log.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/capabilities/http_fields.h"
#include "dispatch/shard.h"

namespace hotline {
namespace {

constexpr std::size_t owner_token_bytes_max = 4'096;
constexpr std::size_t digest_digits = 64;
constexpr std::uint64_t unnamed_s_max = 600;  // Bytes that no file has are kept for so long.

FileOwner owner_of(const ModuleContext& context, hl_str account, hl_str token) {
  return {{std::string(from_str(account)), std::string(from_str(token)), context.module,
           context.shard.calls.serving().number},
          context.manifest.name};
}

// Why a call cannot be; HL_OK: it can.
hl_status objection(const ModuleContext& context) {
  if (open_transaction(context) == nullptr) return HL_E_DENIED;
  return context.shard.world.files == nullptr ? HL_E_NONE : HL_OK;
}

hl_status file_receive(const hl_host* host, hl_request request, hl_str name, uint64_t offset, uint64_t size,
                       hl_str account, hl_str token) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status status = objection(context); status != HL_OK) return status;
  if (!FileStore::is_name(from_str(name)) || token.size > owner_token_bytes_max ||
      (offset > size && offset != HL_FILE_ASK))
    return HL_E_INVALID;
  FileTransfers::Incoming incoming{.request = request,
                                   .name = std::string(from_str(name)),
                                   .offset = offset,
                                   .size = size,
                                   .owner = owner_of(context, account, token)};
  open_transaction(context)->add_work([&shard = context.shard, incoming] { shard.files.receive(incoming); });
  return HL_OK;
}

hl_status file_send(const hl_host* host, hl_request request, uint32_t status, const hl_http_field* fields,
                    uint64_t field_count, hl_str name, uint64_t offset, uint64_t length) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status wrong = objection(context); wrong != HL_OK) return wrong;
  const std::optional<std::vector<HttpField>> all = http_fields_from(fields, field_count);
  if (!all || status < 200 || status > 299 || !FileStore::is_name(from_str(name))) return HL_E_INVALID;
  Shard& shard = context.shard;
  if (HttpRequests::shard_of(request) == shard.number && !shard.requests.is_waiting(request))
    return HL_E_GONE;
  Transaction& transaction = *open_transaction(context);
  Effect& effect = transaction.add(Effect::Kind::http_file);
  effect.number64 = request;
  effect.number = status;
  effect.handle = offset;
  effect.handle2 = length;
  effect.text = transaction.keep_text(http_fields_text(*all));
  effect.text2 = transaction.keep_text(from_str(name));
  return HL_OK;
}

hl_status file_erase(const hl_host* host, hl_str name, hl_str digest) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status status = objection(context); status != HL_OK) return status;
  if (!FileStore::is_name(from_str(name))) return HL_E_INVALID;
  Transaction& transaction = *open_transaction(context);
  Effect& effect = transaction.add(Effect::Kind::file_erase);
  effect.text = transaction.keep_text(from_str(name));
  effect.text2 = transaction.keep_text(from_str(digest));
  return HL_OK;
}

hl_status file_copy(const hl_host* host, hl_str digest, hl_str name, hl_str account, hl_str token) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status status = objection(context); status != HL_OK) return status;
  if (!FileStore::is_name(from_str(name)) || !FileStore::is_name(from_str(digest)) ||
      digest.size != digest_digits || token.size > owner_token_bytes_max)
    return HL_E_INVALID;
  open_transaction(context)->add_work([&world = context.shard.world, digest = std::string(from_str(digest)),
                                       name = std::string(from_str(name)),
                                       owner = owner_of(context, account, token)] {
    const bool is_taken = world.file_pool->submit([&world, digest, name, owner] {
      const std::optional<std::uint64_t> bytes = world.files->copy(owner.module_name, digest, name);
      if (!bytes) return owner.tell(world, HL_E_GONE, {});
      owner.tell(world, HL_OK, std::to_string(*bytes) + " " + digest);
    });
    if (!is_taken) owner.tell(world, HL_E_GONE, {});
  });
  return HL_OK;
}

hl_status file_list(const hl_host* host, hl_str folder, hl_str account, hl_str token) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status status = objection(context); status != HL_OK) return status;
  if (!FileStore::is_folder(from_str(folder)) || token.size > owner_token_bytes_max) return HL_E_INVALID;
  open_transaction(context)->add_work([&world = context.shard.world, folder = std::string(from_str(folder)),
                                       owner = owner_of(context, account, token)] {
    const bool is_taken = world.file_pool->submit([&world, folder, owner] {
      std::string names;
      for (const std::string& name : world.files->list(owner.module_name, folder))
        names.append(name).append("\n");
      world.files->reclaim(owner.module_name, folder, unnamed_s_max);
      owner.tell(world, HL_OK, std::move(names));
    });
    if (!is_taken) owner.tell(world, HL_E_FULL, "too much waits for the disk");
  });
  return HL_OK;
}

hl_status file_archive(const hl_host* host, hl_str folder, uint64_t age_s, hl_str account, hl_str token) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status status = objection(context); status != HL_OK) return status;
  if (!FileStore::is_folder(from_str(folder)) || token.size > owner_token_bytes_max) return HL_E_INVALID;
  const ShardWorld& its = context.shard.world;
  if (its.archive_pool == nullptr || !its.files->has_archive()) return HL_E_NONE;
  open_transaction(context)->add_work([&world = context.shard.world, folder = std::string(from_str(folder)),
                                       age_s, owner = owner_of(context, account, token)] {
    const bool is_taken = world.archive_pool->submit([&world, folder, age_s, owner] {
      const FileStore::Archived done = world.files->archive(owner.module_name, folder, age_s);
      owner.tell(world, done.is_all ? HL_OK : HL_E_FULL,
                 std::to_string(done.files) + " " + std::to_string(done.bytes));
    });
    if (!is_taken) owner.tell(world, HL_OK, "0 0");  // There is enough to be moved already.
  });
  return HL_OK;
}

// The words, or nothing where they are no words.
std::optional<std::vector<std::string>> words_of(std::string_view text) {
  constexpr std::string_view marks = "./+=:-";
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const bool is_plain = !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             marks.find(c) != std::string_view::npos;
    });
    if (!is_plain || words.size() == HL_FILE_WORDS_MAX) return std::nullopt;
    words.emplace_back(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return words;
}

// On the pool.
void make_one_of_another(ShardWorld& world, const FileOwner& owner, const std::string& from,
                         const std::string& to, const std::vector<std::string>& words) {
  const std::unique_ptr<OutgoingFile> input = world.files->read(owner.module_name, from);
  if (input == nullptr) return owner.tell(world, HL_E_GONE, {});
  const Transcoder::Made made = world.transcoder->make(input->descriptor(), words);
  if (made.outcome != Transcoder::Outcome::made) {
    log::info("transcoder.made-nothing", {{"module", owner.module_name}, {"why", made.why}});
    return owner.tell(world, made.outcome == Transcoder::Outcome::refused ? HL_E_DENIED : HL_E_GONE, {});
  }
  const off_t bytes = lseek(made.file, 0, SEEK_END);
  const OutgoingFile output(made.file, bytes < 0 ? 0 : static_cast<std::uint64_t>(bytes));
  if (output.bytes() == 0) return owner.tell(world, HL_E_GONE, {});
  const Result<std::string> digest = world.files->put(owner.module_name, to, output);
  if (!digest) {
    log::warning("transcoder.not-kept", {{"why", digest.error().message}});
    world.files->erase(owner.module_name, to, {});
    return owner.tell(world, HL_E_GONE, {});
  }
  owner.tell(world, HL_OK, std::to_string(output.bytes()) + " " + *digest);
}

hl_status file_transcode(const hl_host* host, hl_str from, hl_str to, hl_str words, hl_str account,
                         hl_str token) {
  const ModuleContext& context = ModuleContext::of(host);
  if (const hl_status status = objection(context); status != HL_OK) return status;
  const std::optional<std::vector<std::string>> arguments = words_of(from_str(words));
  if (!FileStore::is_name(from_str(from)) || !FileStore::is_name(from_str(to)) || !arguments ||
      token.size > owner_token_bytes_max)
    return HL_E_INVALID;
  if (context.shard.world.transcoder == nullptr) return HL_E_NONE;
  open_transaction(context)->add_work([&world = context.shard.world, from = std::string(from_str(from)),
                                       to = std::string(from_str(to)), arguments = *arguments,
                                       owner = owner_of(context, account, token)] {
    const bool is_taken = world.transcode_pool->submit(
        [&world, from, to, arguments, owner] { make_one_of_another(world, owner, from, to, arguments); });
    if (!is_taken) owner.tell(world, HL_E_FULL, {});
  });
  return HL_OK;
}

constexpr hl_cap_file file_table{sizeof(hl_cap_file),      0,
                                 host_side<file_receive>,  host_side<file_send>,
                                 host_side<file_erase>,    host_side<file_list>,
                                 host_side<file_copy>,     host_side<file_archive>,
                                 host_side<file_transcode>};

}  // namespace

const Capability file_capability{HL_CAP_FILE, &file_table};

}  // namespace hotline
