// StanzaBuilder: from parse events to a Stanza: writes the canonical bytes and the index side by side
// in scratch memory that is used again, then copies both into the stanza's one allocation.
//
// Trusts its caller (the parser): names and characters are XML's, elements nest, limits were checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/stanza.h"

namespace hotline {

constexpr std::string_view ns_client = "jabber:client";
constexpr std::string_view ns_streams = "http://etherx.jabber.org/streams";
constexpr std::string_view ns_xml = "http://www.w3.org/XML/1998/namespace";

class StanzaBuilder {
 public:
  // Forgets what was begun before.
  void begin();
  // open, then its attributes, then text and children in any order, then close.
  void open(std::string_view ns, std::string_view name);
  void attribute(std::string_view ns, std::string_view name, std::string_view value);
  void text(std::string_view text);  // Any number of pieces.
  void close();
  // The root is closed.
  Ref<const Stanza> finish(Stanza::Kind kind);

  std::size_t canonical_bytes() const { return canonical_.size; }
  void shrink();  // Gives back the scratch memory, which a large stanza made large.

 private:
  using Span = Stanza::Span;
  // Set in an offset that counts from the start of `extra_`, not of `canonical_`.
  static constexpr std::uint32_t extra_flag = 0x80000000u;
  static constexpr std::uint32_t no_piece = 0xffffffffu;

  // Copies `text` to `out`, which has room for it; the new end.
  static char* append(char* out, std::string_view text) {
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    return out + text.size();
  }

  struct Bytes {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
    std::size_t capacity = 0;

    // At least so much space behind the end.
    char* room(std::size_t more) {
      if (capacity - size < more) [[unlikely]]
        grow(more);
      return data.get() + size;
    }
    void grow(std::size_t more);
    void put(std::string_view text) { end_at(append(room(text.size()), text)); }
    void end_at(const char* end) { size = static_cast<std::size_t>(end - data.get()); }
    std::uint32_t offset() const { return static_cast<std::uint32_t>(size); }
  };
  // A run of an element's text; an element whose text is interrupted by children has several.
  struct Piece {
    Span span;
    std::uint32_t next = no_piece;
  };
  struct Open {
    Stanza::Node node;
    Stanza::Node last_child;
    std::uint32_t piece_first;
    std::uint32_t piece_last;
  };
  struct Joined {
    Stanza::Node node;
    std::uint32_t piece_first;
  };

  Bytes& area(Span span) { return (span.offset & extra_flag) != 0 ? extra_ : canonical_; }
  std::string_view view(Span span);
  Span add_extra(std::string_view raw);
  Span namespace_of(std::string_view ns, bool is_written);
  Span put_value(std::string_view before, std::string_view value);
  std::uint32_t declare_prefix(std::string_view ns);
  void end_start_tag();
  void add_run(Open& open, Span run);
  void join_texts();
  Span settled(Span span) const;

  Bytes canonical_, extra_;
  std::vector<Stanza::NodeRecord> nodes_;
  std::vector<Stanza::AttrRecord> attrs_;
  std::vector<Piece> pieces_;
  std::vector<Open> open_;
  std::vector<Joined> joined_;
  std::vector<Span> prefixes_;  // The namespaces of the open tag's a0, a1, …
  Span client_ns_;              // Of "jabber:client" in `extra_`, once it is there.
  Span inner_;
  bool is_tag_open_ = false;
  bool is_root_prefixed_ = false;  // <stream:features>, <stream:error>: composed by a module.
};

}  // namespace hotline
