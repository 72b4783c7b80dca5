// The splitter (net/splitter.h): where pieces end.
#include "net/splitter.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace hotline;

namespace {

// The pieces of `bytes` behind a header; "!condition" at its end when there was an error.
std::vector<std::string> pieces_of(std::string_view bytes, std::size_t chunk = 0) {
  const FramerLimits limits{.stanza_bytes_max = 1'000};
  Splitter splitter;
  std::string_view header = "<stream:stream>";
  std::size_t used = 0;
  REQUIRE(splitter.next(header, used, limits) == Splitter::Found::header);
  std::vector<std::string> pieces;
  std::string partial;
  if (chunk == 0) chunk = bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    std::string_view input = bytes.substr(at, chunk);
    while (!input.empty()) {
      const Splitter::Found found = splitter.next(input, used, limits);
      if (found == Splitter::Found::error) {
        pieces.push_back("!" + std::string(splitter.condition()));
        return pieces;
      }
      partial.append(input.substr(0, used));
      input.remove_prefix(used);
      if (found == Splitter::Found::element || found == Splitter::Found::end) {
        pieces.push_back(std::exchange(partial, {}));
      }
    }
  }
  return pieces;
}

using Pieces = std::vector<std::string>;

}  // namespace

TEST_CASE("splitter: an element ends where its depth returns to nothing, whatever is quoted in it") {
  const Pieces expected = {"<a/>",
                           "<a></a>",
                           "<a b='>' c=\"/>'\"/>",
                           "<a b='</a>'><b/><c>x > y</c></a >",
                           "<a><![CDATA[</a>]] ]>]]]></a>",
                           "<a\n/>",
                           "<a b='/'></a>",
                           "<strea:m/>"};
  std::string bytes;
  for (const std::string& piece : expected) bytes += piece + " \n";
  for (const std::size_t chunk : {0, 1, 2, 3, 16, 17}) CHECK(pieces_of(bytes, chunk) == expected);
}

TEST_CASE("splitter: what can not become an element is refused at once") {
  CHECK(pieces_of("<a <b/>") == Pieces{"!not-well-formed"});
  CHECK(pieces_of("<>") == Pieces{"!not-well-formed"});
  CHECK(pieces_of("<<") == Pieces{"!not-well-formed"});
  CHECK(pieces_of("</a>") == Pieces{"!not-well-formed"});
  CHECK(pieces_of("<a><!x") == Pieces{"!restricted-xml"});
  CHECK(pieces_of("<a><!-") == Pieces{"!restricted-xml"});
  CHECK(pieces_of("<a><![CDATx") == Pieces{"!restricted-xml"});
  CHECK(pieces_of("<a><?") == Pieces{"!restricted-xml"});
  CHECK(pieces_of("<?") == Pieces{"!restricted-xml"});
  CHECK(pieces_of("<stream:") == Pieces{"!bad-format"});
  CHECK(pieces_of("&") == Pieces{"!bad-format"});
}

TEST_CASE("splitter: an end that is quoted, or in character data, does not end anything") {
  for (const std::string_view open : {"<a b='</a>", "<a><![CDATA[</a>", "<a></a", "<a/", "<a>]]>"}) {
    CHECK(pieces_of(open).empty());
    CHECK(pieces_of(open, 1).empty());
  }
}
