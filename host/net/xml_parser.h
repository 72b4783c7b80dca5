// XmlParser: the one strict parser that decides what a stanza is, for everyone. One a shard.
//
// libexpat, namespace-aware, held open inside a synthetic stream root, so that no connection owns a
// parser. It is fed whole elements only:
//
// 1. Bytes are UTF-8 before expat sees the first of them.
// 2. After each element it stands at the root again with every byte consumed; when it does not, and
//    after a bounded amount of input (expat remembers every name it has met), it is made anew.
// 3. Limits hold while parsing: expat is stopped at the first node beyond one.
// 4. No DOCTYPE, entity, comment or processing instruction gets through (RFC 6120 11.1).
// 5. What is forwarded is what was parsed, serialised anew; never the bytes that came in.
//
// Threads: the shard's. Sources: RFC 6120 4.9.3 and 11, XML 1.0, Namespaces in XML 1.0.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/stanza.h"
#include "net/framer.h"
#include "net/stanza_builder.h"

struct XML_ParserStruct;

namespace hotline {

// Between a namespace and a local name, as expat joins them. U+0001 cannot be in a URI, nor in XML 1.0 at
// all, not even as a character reference: no namespace can pretend to end early (CVE-2022-25236).
constexpr char ns_separator = '\x01';

class XmlParser {
 public:
  // Hash salts are taken from `random`, which outlives the parser.
  explicit XmlParser(Random& random);
  ~XmlParser();
  XmlParser(const XmlParser&) = delete;
  XmlParser& operator=(const XmlParser&) = delete;

  struct Outcome {
    Ref<const Stanza> stanza;    // Null when refused.
    const char* condition = "";  // Then: an RFC 6120 4.9.3 name,
    std::string text;            // and why, in words.
  };
  // Whose the element is. `from` and `lang` as in Framer::stamp; they are put on stanzas only.
  // `declarations`: what the peer's stream header declared besides the default namespace and "stream", as
  // attributes ready to be written (" xmlns:x='…'"); mostly empty.
  struct Sender {
    std::string_view from, lang, declarations;
  };

  // Parses one element, from its '<' to its '>'. Nothing in the streams namespace.
  Outcome parse(std::string_view element, const FramerLimits& limits, const Sender& sender);
  // The same for an element that the host or a module composed: not stamped, and the root may be
  // <stream:features> or <stream:error>.
  Outcome parse_composed(std::string_view element, const FramerLimits& limits);

  // Salts a short-lived expat parser (stream_header).
  unsigned long new_salt() { return static_cast<unsigned long>(random_.next_u64()); }

 private:
  struct Callbacks;
  struct Free {
    void operator()(XML_ParserStruct* expat) const;
  };
  enum class Origin : std::uint8_t { peer, composed };
  enum class Phase : std::uint8_t { idle, element, done };

  void renew();
  Outcome run(std::string_view element, const FramerLimits& limits, const Sender& sender, Origin origin);
  bool feed(std::string_view bytes);
  void open_wrapper();
  void close_wrapper();
  void explain(std::string_view element);
  void fail(const char* condition, std::string_view text);
  void fail_limit(std::string_view what, std::uint64_t limit);

  void on_start(const char* name, const char** attributes);
  void on_end();
  void on_text(std::string_view text);
  bool fits(std::string_view ns, std::string_view local);
  bool stamp_allows(std::string_view from) const;
  void write_root_attributes(const char** attributes);

  Random& random_;
  std::unique_ptr<XML_ParserStruct, Free> expat_;
  StanzaBuilder builder_;
  std::uint64_t fed_ = 0;  // Bytes since it was made.

  // Of the element being parsed.
  const FramerLimits* limits_ = nullptr;
  const Sender* sender_ = nullptr;
  Origin origin_ = Origin::peer;
  Phase phase_ = Phase::idle;
  Stanza::Kind kind_ = Stanza::Kind::nonza;
  std::uint32_t depth_ = 0;
  std::uint32_t elements_ = 0;
  std::uint32_t declarations_ = 0;  // Of namespaces, on the element whose tag is being read.
  std::uint64_t canonical_max_ = 0;
  const char* condition_ = nullptr;
  std::string text_;
};

}  // namespace hotline
