// Splitter: finds where a piece of a client's stream ends, without understanding it: the stream header, each
// element below it, the stream's end tag. What it is wrong about the parser refuses: it is given every piece
// whole and has to find exactly one element in it.
//
// Never looks at a byte twice, and keeps a few counters, no bytes. What is too deep, too large or has too
// many elements or attributes is refused as soon as that is seen, not when the piece ends: an unfinished
// piece never outgrows its limits. Source: XML 1.0 2.4 to 2.7, 3.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/framer.h"

namespace hotline {

class Splitter {
 public:
  enum class Found : std::uint8_t {
    need_more,  // All bytes were looked at; the piece goes on.
    nothing,    // All bytes were whitespace between pieces: drop them.
    header,     // An XML declaration or none, and <stream:stream …>.
    element,
    end,    // The stream's end tag.
    error,  // condition() and reason() say why.
  };

  // Where a stream's header is expected, or behind it.
  enum class Start : std::uint8_t { header, element };
  explicit Splitter(Start start = Start::header) : is_opened_(start == Start::element) {}

  // Takes whitespace between pieces off the front of `input`, then looks at the rest. `used`: how many
  // bytes of it belong to the piece (need_more: all of them).
  Found next(std::string_view& input, std::size_t& used, const FramerLimits& limits);

  bool has_partial() const { return size_ > 0; }
  bool is_opened() const { return is_opened_; }  // Elements are expected, or the end.
  // Of an error: an RFC 6120 4.9.3 name, and why, in words.
  const char* condition() const { return condition_; }
  std::string reason() const;
  bool is_beyond_limit() const { return limit_ > 0; }

 private:
  enum class Mode : std::uint8_t {
    between,      // Outside of any piece.
    markup,       // Behind '<'.
    instruction,  // Behind "<?", up to "?>".
    bang,         // Behind "<!".
    cdata,        // Behind "<![CDATA[", up to "]]>".
    tag,          // In a start tag.
    quoted,       // In an attribute's value.
    end_tag,
    text,
  };

  // Each takes bytes from `at` on and returns where it stopped.
  std::size_t scan(std::string_view input, const FramerLimits& limits);
  std::size_t scan_tag(std::string_view input, std::size_t at, const FramerLimits& limits);
  std::size_t scan_cdata(std::string_view input, std::size_t at);
  void on_between(char c);
  void on_markup(char c, const FramerLimits& limits);
  void on_bang(char c);
  void on_end_tag(char c);
  void on_value(char quote, const FramerLimits& limits);
  void on_start_tag_end(const FramerLimits& limits);
  void on_stream_prefix(char c);
  void fail(const char* condition, const char* reason);
  void fail_limit(std::uint32_t limit, const char* what);

  // Of the piece so far.
  std::uint32_t size_ = 0;        // Bytes.
  std::uint32_t depth_ = 0;       // Elements open in it.
  std::uint32_t elements_ = 0;    // Elements begun in it.
  std::uint32_t values_ = 0;      // Of the tag that is open: attributes and declarations of namespaces.
  std::uint32_t name_bytes_ = 0;  // Of that tag, since it began or its last value ended.
  Mode mode_ = Mode::between;
  Found found_ = Found::need_more;
  char quote_ = 0;            // Which one ends the value.
  char last_ = 0;             // The byte before, in a tag or an instruction.
  std::uint8_t matched_ = 0;  // How much was met of what is looked for: "[CDATA[", "]]", "stream:stream".
  bool is_naming_ = false;    // In the name of an element's start tag, which may not begin with "stream:".
  bool is_opened_ = false;    // The header was found.
  bool has_declaration_ = false;
  std::uint32_t limit_ = 0;  // The one that was passed; 0: none.
  const char* condition_ = "";
  const char* reason_ = "";
};

}  // namespace hotline
