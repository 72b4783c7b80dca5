#include "upgrade/post_wire.h"

#include "upgrade/wire.h"

namespace hotline::upgrade {

namespace {

// It was taken once, by the limits of whoever sent it.
constexpr FramerLimits no_limits{64u << 20, 1'000, 10'000'000, 100'000, 1u << 20, 1u << 20};

bool has_module(Post::Kind kind) {
  return kind == Post::Kind::bytes || kind == Post::Kind::stanza || kind == Post::Kind::fan_out ||
         kind == Post::Kind::work;
}

void write_receipt(WireWriter& out, const Receipt& its) {
  out.number(its.session).number(its.stanza).number(its.shard).number(its.host).number(its.partition);
}
Receipt read_receipt(WireReader& in) {
  Receipt its;
  its.session = in.number<std::uint64_t>();
  its.stanza = in.number<std::uint32_t>();
  its.shard = in.number<std::uint16_t>();
  its.host = in.number<std::uint8_t>();
  its.partition = in.number<std::uint8_t>();
  return its;
}

void write_extra(WireWriter& out, const Post::Extra& extra) {
  out.text(extra.token).text(extra.text).number(static_cast<std::int32_t>(extra.status));
  out.number(static_cast<std::uint32_t>(extra.receipts.size()));
  for (const Receipt& receipt : extra.receipts) write_receipt(out, receipt);
  out.number(static_cast<std::uint32_t>(extra.entries.size()));
  for (const StoredEntry& entry : extra.entries) out.number(entry.id).text(entry.account);
}
std::unique_ptr<Post::Extra> read_extra(WireReader& in) {
  auto extra = std::make_unique<Post::Extra>();
  extra->token = in.text();
  extra->text = in.text();
  extra->status = static_cast<hl_status>(in.number<std::int32_t>());
  extra->receipts.resize(in.count(16));
  for (Receipt& receipt : extra->receipts) receipt = read_receipt(in);
  extra->entries.resize(in.count(12));
  for (StoredEntry& entry : extra->entries) {
    entry.id = in.number<std::uint64_t>();
    entry.account = in.text();
  }
  return extra;
}

}  // namespace

bool may_cross(Post::Kind kind) {
  return has_module(kind) || kind == Post::Kind::safe || kind == Post::Kind::stored;
}

std::string post_bytes(std::uint32_t partition, const Post& post, ModuleNames& modules) {
  WireWriter out;
  out.number(partition).number(static_cast<std::uint8_t>(post.kind)).number(post.topic).number(post.number);
  out.text(has_module(post.kind) ? std::string_view(modules.name(post.module)) : std::string_view());
  out.text(post.account);
  write_receipt(out, post.receipt);
  out.number(static_cast<std::uint8_t>(post.buffer ? 1 : 0));
  out.text(post.buffer ? post.buffer->bytes() : std::string_view());
  out.number(static_cast<std::uint8_t>(post.extra ? 1 : 0));
  if (post.extra) write_extra(out, *post.extra);
  return out.take();
}

Result<WirePost> PostReader::read(std::string_view bytes) {
  WireReader in(bytes);
  WirePost read;
  Post& post = read.post;
  read.partition = in.number<std::uint32_t>();
  post.kind = static_cast<Post::Kind>(in.number<std::uint8_t>());
  post.topic = in.number<std::uint32_t>();
  post.number = in.number<std::uint64_t>();
  const std::string_view module = in.text(), account = in.text();
  post.receipt = read_receipt(in);
  const bool has_buffer = in.number<std::uint8_t>() != 0;
  const std::string_view buffer = in.text();
  if (in.number<std::uint8_t>() != 0) post.extra = read_extra(in);
  if (!in.is_whole() || !may_cross(post.kind) ||
      (read.partition >= partitions && read.partition != no_partition))
    return Error{"what was posted by the other process is no post"};
  if (has_module(post.kind)) post.module = modules_.number(module);
  const bool is_stanza = post.kind == Post::Kind::stanza || post.kind == Post::Kind::fan_out;
  if (has_buffer && is_stanza) {
    XmlParser::Outcome parsed = parser_.parse_composed(buffer, no_limits);
    if (!parsed.stanza) return Error{"a stanza of the other process does not parse: " + parsed.text};
    post.buffer = Ref<const Buffer>::adopt(parsed.stanza.leak());
  } else if (has_buffer) {
    post.buffer = Buffer::copy(buffer);
  }
  if (!account.empty()) post.address(account);
  if (read.partition < partitions) post.partition = static_cast<std::uint8_t>(read.partition);
  return read;
}

}  // namespace hotline::upgrade
