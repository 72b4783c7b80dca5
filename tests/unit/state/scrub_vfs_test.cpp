#include "state/scrub_vfs.h"

#include <doctest/doctest.h>

#include <vector>

using namespace hotline;

namespace {

// A page with a b-tree header at `header`: its kind, cells, and where their contents begin.
std::vector<unsigned char> page(std::size_t header, unsigned char kind, unsigned cells, unsigned contents) {
  std::vector<unsigned char> bytes(4096, 0xaa);
  bytes[header] = kind;
  bytes[header + 3] = static_cast<unsigned char>(cells >> 8);
  bytes[header + 4] = static_cast<unsigned char>(cells);
  bytes[header + 5] = static_cast<unsigned char>(contents >> 8);
  bytes[header + 6] = static_cast<unsigned char>(contents);
  return bytes;
}

void check_gap(const PageGap& gap, std::size_t begin, std::size_t end) {
  CHECK(gap.begin == begin);
  CHECK(gap.end == end);
}

}  // namespace

TEST_CASE("scrub: the gap lies between the cell pointers and the cell contents") {
  check_gap(page_gap(page(0, 0x0d, 10, 3000), false), 8 + 20, 3000);     // Table leaf.
  check_gap(page_gap(page(0, 0x0a, 10, 3000), false), 8 + 20, 3000);     // Index leaf.
  check_gap(page_gap(page(0, 0x05, 300, 3000), false), 12 + 600, 3000);  // Interior.
  check_gap(page_gap(page(0, 0x02, 1, 4000), false), 12 + 2, 4000);
  check_gap(page_gap(page(100, 0x0d, 2, 4000), true), 100 + 8 + 4,
            4000);  // Page 1: behind the file's header.
}

TEST_CASE("scrub: what is no b-tree page, or no sound one, is left alone") {
  check_gap(page_gap(page(0, 0x00, 10, 3000), false), 0,
            0);  // Overflow and freelist pages begin with a page number.
  check_gap(page_gap(page(0, 0x01, 10, 3000), false), 0, 0);
  check_gap(page_gap(page(0, 0x0d, 3000, 100), false), 0, 0);  // Pointers beyond the contents.
  check_gap(page_gap(page(0, 0x0d, 10, 5000), false), 0, 0);   // Contents beyond the page.
  check_gap(page_gap(page(0, 0x0d, 10, 0), false), 0, 0);      // 0 stands for 65536.
}

TEST_CASE("scrub: there is one layer over a VFS, and none over one that is not there") {
  const auto first = scrub_vfs_over("");
  const auto second = scrub_vfs_over("");
  REQUIRE(first);
  CHECK(first.value() == second.value());
  CHECK_FALSE(scrub_vfs_over("no such vfs"));
}
