#include "net/xml_escape.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "net/byte_block.h"
#include "net/utf8.h"

namespace hotline {

namespace {

constexpr unsigned char in_text = 1;
constexpr unsigned char in_attribute = 2;

constexpr auto special = [] {
  std::array<unsigned char, 256> table{};
  for (const unsigned char c : {'&', '<', '>', '\'', '"', '\r'}) table[c] = in_text | in_attribute;
  for (const unsigned char c : {'\t', '\n'}) table[c] = in_attribute;
  return table;
}();

constexpr unsigned char mask(XmlPlace place) {
  return place == XmlPlace::text ? in_text : in_attribute;
}

bool is_block_special(const char* block, XmlPlace place) {
  return has_any_of<'&', '<', '>', '\'', '"', '\r'>(block) ||
         (place == XmlPlace::attribute && has_any_of<'\t', '\n'>(block));
}

std::string_view escape_of(unsigned char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '\'': return "&apos;";
    case '"': return "&quot;";
    case '\r': return "&#13;";
    case '\n': return "&#10;";
    default: return "&#9;";
  }
}

constexpr std::string_view replacement = "\xef\xbf\xbd";

bool is_noncharacter_refused(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at] == '\xef' && text[at + 1] == '\xbf' &&
         (text[at + 2] == '\xbe' || text[at + 2] == '\xbf');
}

}  // namespace

char* write_escaped(std::string_view text, XmlPlace place, char* out) {
  const unsigned char wanted = mask(place);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto left = static_cast<std::size_t>(end - at);
    if (left >= block_bytes && !is_block_special(at, place)) {
      std::memcpy(out, at, block_bytes);
      at += block_bytes;
      out += block_bytes;
      continue;
    }
    for (const char* const stop = at + std::min(left, block_bytes); at != stop; ++at) {
      const auto c = static_cast<unsigned char>(*at);
      if ((special[c] & wanted) == 0) {
        *out++ = *at;
        continue;
      }
      const std::string_view escape = escape_of(c);
      std::memcpy(out, escape.data(), escape.size());
      out += escape.size();
    }
  }
  return out;
}

void append_escaped(std::string& out, std::string_view text) {
  const bool valid = is_utf8(text);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (special[c] != 0) {
      out.append(escape_of(c));
    } else if (c < 0x20 || (c >= 0x80 && !valid)) {
      out.append(replacement);
    } else if (is_noncharacter_refused(text, at)) {
      out.append(replacement);
      at += 2;
    } else {
      out.push_back(text[at]);
    }
  }
}

}  // namespace hotline
