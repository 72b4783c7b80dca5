#include "kernel_sockets.h"

#include <doctest/doctest.h>

using namespace hotline::bench;

TEST_CASE("kernel sockets: pages of the caches that sockets use are added up, and no others") {
  const auto found = parse_slabinfo(
      "slabinfo - version: 2.1\n"
      "# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables\n"
      "TCP 52 104 2368 13 8 : tunables 0 0 0 : slabdata 8 8 0\n"
      "tw_sock_TCP 160 240 256 16 1 : tunables 0 0 0 : slabdata 15 15 0\n"
      "sock_inode_cache 209 209 832 19 4 : tunables 0 0 0 : slabdata 11 11 0\n"
      "dentry 652701 652701 192 21 1 : tunables 0 0 0 : slabdata 31081 31081 0\n");
  REQUIRE(found);
  CHECK(found->sockets == 52);
  CHECK(found->bytes == (8 * 8 + 11 * 4) * 4096);
  CHECK(found->dentry_bytes == 192);
}

TEST_CASE("kernel sockets: a text without TCP sockets tells nothing") {
  CHECK_FALSE(parse_slabinfo(""));
  CHECK_FALSE(parse_slabinfo("filp 1 21 192 21 1 : tunables"));
}
