#include "upgrade/post_wire.h"

#include <doctest/doctest.h>

using namespace hotline;
using namespace hotline::upgrade;

namespace {

struct Wire {
  SecureRandom random;
  ModuleNames here, there;
  PostReader reader{there, random};
  Wire() {
    for (const char* name : {"session", "routing", "presence"}) here.number(name);
    for (const char* name : {"presence", "other", "session"}) there.number(name);  // In another order.
  }
  WirePost cross(std::uint32_t partition, const Post& post) {
    const std::string bytes = post_bytes(partition, post, here);
    Result<WirePost> read = reader.read(bytes);
    REQUIRE_MESSAGE(read, read.error().message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const bool is_cut_refused = !reader.read(std::string_view(bytes).substr(0, size));
      CHECK(is_cut_refused);
    }
    return std::move(*read);
  }
};

}  // namespace

TEST_CASE("post: a stanza is the same over there, with its recipient and who waits for it") {
  Wire wire;
  XmlParser parser(wire.random);
  const XmlParser::Outcome parsed = parser.parse_composed(
      "<message to='bert@localhost/x' from='anna@localhost/y' id='7'><body>1 &lt; 2</body></message>",
      {10'000, 16, 200, 64, 256, 8'192});
  REQUIRE(parsed.stanza);
  Post post;
  post.kind = Post::Kind::stanza;
  post.module = wire.here.number("routing");
  post.topic = 3;
  post.set = 9;
  post.buffer = parsed.stanza;
  post.address("bert@localhost");
  post.receipt = {1ull << 40, 5, 1, 2, 77};
  const WirePost read = wire.cross(post.partition, post);
  CHECK(read.partition == post.partition);
  CHECK(read.post.kind == Post::Kind::stanza);
  CHECK(wire.there.name(read.post.module) == "routing");
  CHECK(read.post.topic == 3);
  CHECK(read.post.set == 0);
  CHECK(read.post.account == "bert@localhost");
  CHECK(read.post.partition == partition_of("bert@localhost"));
  CHECK(read.post.buffer->bytes() == parsed.stanza->bytes());
  CHECK(read.post.stanza().text(1) == "1 < 2");
  CHECK(read.post.receipt.session == 1ull << 40);
  CHECK(read.post.receipt.stanza == 5);
  CHECK(read.post.receipt.shard == 1);
  CHECK(read.post.receipt.host == 2);
  CHECK(read.post.receipt.partition == 77);
}

TEST_CASE("post: bytes, work, receipts and entries cross; a question does not") {
  Wire wire;
  Post bytes;
  bytes.kind = Post::Kind::bytes;
  bytes.module = wire.here.number("presence");
  bytes.buffer = Buffer::copy(std::string_view("a\0b", 3));
  bytes.address("anna@localhost");
  CHECK(wire.cross(bytes.partition, bytes).post.buffer->bytes() == std::string_view("a\0b", 3));

  Post work;
  work.kind = Post::Kind::work;
  work.address("anna@localhost");
  work.extra = std::make_unique<Post::Extra>();
  work.extra->token = "token";
  work.extra->text = "result";
  work.extra->status = HL_E_NONE;
  const WirePost worked = wire.cross(work.partition, work);
  CHECK(worked.post.extra->token == "token");
  CHECK(worked.post.extra->text == "result");
  CHECK(worked.post.extra->status == HL_E_NONE);
  CHECK_FALSE(worked.post.buffer);

  Post safe;
  safe.kind = Post::Kind::safe;
  safe.extra = std::make_unique<Post::Extra>();
  safe.extra->receipts = {{1ull << 63 | 4, 0, 1, 1, 0}, {2, 3, 0, 0, 5}};
  const WirePost released = wire.cross(no_partition, safe);
  CHECK(released.partition == no_partition);
  REQUIRE(released.post.extra->receipts.size() == 2);
  CHECK_FALSE(released.post.extra->receipts[0].is_of_session());
  CHECK(released.post.extra->receipts[1].stanza == 3);

  Post stored;
  stored.kind = Post::Kind::stored;
  stored.topic = 1;
  stored.extra = std::make_unique<Post::Extra>();
  stored.extra->entries = {{"anna@localhost", 1ull << 33}};
  const WirePost told = wire.cross(4, stored);
  CHECK(told.post.partition == 4);
  CHECK(told.post.topic == 1);
  CHECK(told.post.extra->entries.front().id == 1ull << 33);
  CHECK(told.post.extra->entries.front().account == "anna@localhost");

  CHECK_FALSE(may_cross(Post::Kind::call));
  CHECK_FALSE(may_cross(Post::Kind::connection));
  Post call;
  const bool is_refused = !wire.reader.read(post_bytes(4, call, wire.here));
  CHECK(is_refused);
}
