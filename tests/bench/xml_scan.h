// xml_scan: cuts what a server sends into stanzas, and finds the few things a client looks for in one.
//
// This is the measuring side and it trusts the server: no namespaces, no entities, no checks. It must
// never be used to judge input; the host's framer does that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hotline::bench {

class StanzaSplitter {
 public:
  enum class Kind { none, header, stanza, end };
  // `header` is a <stream:stream …> tag, `stanza` one whole top-level element, `end` is </stream:stream>.
  struct Piece {
    Kind kind = Kind::none;
    std::string_view text;  // Valid until the next feed() or reset().
  };

  void feed(std::string_view bytes);
  Piece next();
  void reset();

 private:
  std::string buffer_;
  std::size_t start_ = 0;  // Of the piece being looked for.
  std::size_t seen_ = 0;   // Everything before it is whole tokens.
  std::size_t depth_ = 0;
};

// `iq` of "<iq type='result' …".
std::string_view element_name(std::string_view element);
// The raw value of an attribute of the outermost start tag; empty when it is not there.
std::string_view attribute(std::string_view element, std::string_view name);
// The raw text of the first descendant `name`; empty when it is not there or has none.
std::string_view child_text(std::string_view element, std::string_view name);
// The raw text right after the outermost start tag.
std::string_view own_text(std::string_view element);
bool has_child(std::string_view element, std::string_view name);

// For text and attribute values that we write.
std::string escape(std::string_view text);

}  // namespace hotline::bench
