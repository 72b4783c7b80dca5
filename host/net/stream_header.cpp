#include "net/stream_header.h"

#include <expat.h>

#include <cstdint>
#include <memory>

#include "net/expat_setup.h"
#include "net/stanza_builder.h"
#include "net/utf8.h"
#include "net/xml_escape.h"
#include "net/xml_parser.h"

namespace hotline {

namespace {

constexpr std::size_t declarations_bytes_max = 1024;  // A connection keeps them for as long as it lives.

bool is_utf8_name(std::string_view name) {
  return name.size() == 5 && (name[0] | 32) == 'u' && (name[1] | 32) == 't' && (name[2] | 32) == 'f' &&
         name.substr(3) == "-8";
}

class HeaderParse {
 public:
  HeaderParse(const FramerLimits& limits, unsigned long salt)
      : limits_(limits), expat_(make_expat(salt), XML_ParserFree) {
    XML_SetReturnNSTriplet(expat_.get(), XML_TRUE);
    XML_SetUserData(expat_.get(), this);
    XML_SetXmlDeclHandler(expat_.get(), [](void* user, const char* version, const char* encoding, int) {
      self(user).on_declaration(version, encoding);
    });
    XML_SetStartNamespaceDeclHandler(expat_.get(), [](void* user, const char* prefix, const char* uri) {
      self(user).on_namespace(prefix, uri);
    });
    XML_SetStartElementHandler(expat_.get(), [](void* user, const char* name, const char** attributes) {
      self(user).on_start(name, attributes);
    });
    XML_SetCommentHandler(expat_.get(), [](void* user, const char*) { self(user).refuse_markup(); });
    XML_SetProcessingInstructionHandler(
        expat_.get(), [](void* user, const char*, const char*) { self(user).refuse_markup(); });
    XML_SetStartDoctypeDeclHandler(expat_.get(), [](void* user, const char*, const char*, const char*, int) {
      self(user).refuse_markup();
    });
  }

  StreamHeaderOutcome run(std::string_view bytes) {
    if (!is_utf8(bytes)) {
      fail("not-well-formed", "the bytes are not UTF-8");
      return std::move(outcome_);
    }
    const auto status = XML_Parse(expat_.get(), bytes.data(), static_cast<int>(bytes.size()), XML_FALSE);
    if (outcome_.condition == nullptr && status != XML_STATUS_OK) {
      const auto at = static_cast<std::size_t>(XML_GetCurrentByteIndex(expat_.get()));
      const ExpatProblem problem = explain_expat(XML_GetErrorCode(expat_.get()), bytes.substr(0, at));
      fail(problem.condition, problem.text);
    }
    if (outcome_.condition == nullptr && elements_ != 1) {
      fail("not-well-formed", "the stream header is not complete");
    }
    return std::move(outcome_);
  }

 private:
  static HeaderParse& self(void* user) { return *static_cast<HeaderParse*>(user); }

  void fail(const char* condition, std::string_view text) {
    if (outcome_.condition != nullptr) return;
    outcome_.condition = condition;
    outcome_.text = text;
    XML_StopParser(expat_.get(), XML_FALSE);
  }

  void refuse_markup() {
    fail("restricted-xml", "only an XML declaration may stand before the stream header");
  }

  void on_declaration(const char* version, const char* encoding) {
    if (version == nullptr || std::string_view(version) != "1.0") {
      return fail("not-well-formed", "XML has to be version 1.0");
    }
    if (encoding != nullptr && !is_utf8_name(encoding)) {
      fail("unsupported-encoding", "the encoding has to be UTF-8");
    }
  }

  void on_namespace(const char* prefix, const char* uri) {
    const std::string_view name = prefix == nullptr ? "" : prefix;
    const std::string_view value = uri == nullptr ? "" : uri;
    if (++declared_ > limits_.attributes_max) {
      return fail("policy-violation", "too many namespace declarations in the stream header");
    }
    if (name.empty()) {
      default_ns_ = value;
    } else if (name != "stream") {
      outcome_.declarations += " xmlns:";
      outcome_.declarations += name;
      outcome_.declarations += "='";
      append_escaped(outcome_.declarations, value);
      outcome_.declarations += '\'';
    }
    if (outcome_.declarations.size() > declarations_bytes_max) {
      fail("policy-violation", "more than " + std::to_string(declarations_bytes_max) +
                                   " bytes of namespace declarations in the stream header");
    }
  }

  void on_start(const char* raw_name, const char** attributes) {
    if (outcome_.condition != nullptr) return;
    ++elements_;
    ExpandedName name = split_name(raw_name);
    const std::size_t separator = name.local.find(ns_separator);
    const std::string_view prefix =
        separator == std::string_view::npos ? std::string_view() : name.local.substr(separator + 1);
    name.local = name.local.substr(0, separator);
    if (name.ns != ns_streams) {
      return fail("invalid-namespace", "a stream is opened in the namespace " + std::string(ns_streams));
    }
    if (prefix != "stream") {
      return fail("bad-namespace-prefix", "the stream's prefix has to be \"stream\"");
    }
    if (name.local != "stream") return fail("bad-format", "a stream is opened with <stream:stream>");
    if (default_ns_ != ns_client) {
      return fail("invalid-namespace", "the stream's default namespace has to be " + std::string(ns_client));
    }
    std::uint32_t count = 0;
    for (const char** at = attributes; *at != nullptr; at += 2) {
      if (++count > limits_.attributes_max) {
        return fail("policy-violation", "too many attributes in the stream header");
      }
      take_attribute(split_name(at[0]), at[1]);
    }
    if (!is_version_supported(outcome_.header.version)) {
      fail("unsupported-version", "the stream's version has to be 1.0 or later");
    }
  }

  void take_attribute(const ExpandedName& name, const char* value) {
    StreamHeader& header = outcome_.header;
    // With its prefix behind it, as the parser was asked for those.
    if (name.ns == ns_xml && name.local.starts_with(std::string("lang") + ns_separator)) header.lang = value;
    if (!name.ns.empty()) return;
    if (name.local == "to") header.to = value;
    if (name.local == "from") header.from = value;
    if (name.local == "version") header.version = value;
  }

  const FramerLimits& limits_;
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> expat_;
  StreamHeaderOutcome outcome_;
  std::string default_ns_;
  std::uint32_t declared_ = 0;
  std::uint32_t elements_ = 0;
};

}  // namespace

StreamHeaderOutcome parse_stream_header(std::string_view bytes, const FramerLimits& limits,
                                        unsigned long salt) {
  return HeaderParse(limits, salt).run(bytes);
}

bool is_version_supported(std::string_view version) {
  const std::size_t dot = version.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == version.size() || version.size() > 16) {
    return false;
  }
  bool has_major = false;
  for (std::size_t at = 0; at < version.size(); ++at) {
    if (at == dot) continue;
    if (version[at] < '0' || version[at] > '9') return false;
    has_major = has_major || (at < dot && version[at] != '0');
  }
  return has_major;
}

}  // namespace hotline
