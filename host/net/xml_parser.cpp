#include "net/xml_parser.h"

#include <expat.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/ascii.h"
#include "net/expat_setup.h"
#include "net/utf8.h"
#include "net/xml_escape.h"

namespace hotline {

namespace {

constexpr std::string_view stream_root =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
constexpr std::string_view wrapper_name = "declared";

// expat keeps every element, attribute and prefix name it has met for as long as it lives, so a parser that
// is never closed would grow with what strangers invent. Making it anew costs 5 us.
constexpr std::uint64_t fed_bytes_max = 64 * 1024;

// Escaping makes text up to six times as long; what grows more has its namespaces repeated on purpose.
constexpr std::uint64_t canonical_growth_max = escaped_growth_max;
constexpr std::uint64_t stamp_bytes_max = 4096;  // An address is at most 3,071 bytes (RFC 7622 3.1).

std::string exceeds(std::uint64_t limit, std::string_view what) {
  return "more than " + std::to_string(limit) + " " + std::string(what);
}

Stanza::Kind kind_of(const ExpandedName& name) {
  if (name.ns != ns_client) return Stanza::Kind::nonza;
  if (name.local == "message") return Stanza::Kind::message;
  if (name.local == "presence") return Stanza::Kind::presence;
  if (name.local == "iq") return Stanza::Kind::iq;
  return Stanza::Kind::nonza;
}

}  // namespace

struct XmlParser::Callbacks {
  static XmlParser& self(void* user) { return *static_cast<XmlParser*>(user); }
  static void start(void* user, const char* name, const char** attributes) {
    self(user).on_start(name, attributes);
  }
  static void end(void* user, const char*) { self(user).on_end(); }
  static void text(void* user, const char* text, int size) {
    self(user).on_text({text, static_cast<std::size_t>(size)});
  }
  static void comment(void* user, const char*) {
    self(user).fail("restricted-xml", "comments are not allowed");
  }
  static void instruction(void* user, const char*, const char*) {
    self(user).fail("restricted-xml", "processing instructions are not allowed");
  }
  static void doctype(void* user, const char*, const char*, const char*, int) {
    self(user).fail("restricted-xml", "document type declarations are not allowed");
  }
  static void declare(void* user, const char*, const char*) { ++self(user).declarations_; }
};

void XmlParser::Free::operator()(XML_ParserStruct* expat) const {
  XML_ParserFree(expat);
}

XmlParser::XmlParser(Random& random) : random_(random) {
  renew();
}

XmlParser::~XmlParser() = default;

void XmlParser::renew() {
  expat_.reset(make_expat(new_salt()));
  fed_ = 0;
  builder_.shrink();
  check(feed(stream_root), "expat takes the stream root");
  XML_SetUserData(expat_.get(), this);
  XML_SetElementHandler(expat_.get(), Callbacks::start, Callbacks::end);
  XML_SetCharacterDataHandler(expat_.get(), Callbacks::text);
  XML_SetCommentHandler(expat_.get(), Callbacks::comment);
  XML_SetProcessingInstructionHandler(expat_.get(), Callbacks::instruction);
  XML_SetStartDoctypeDeclHandler(expat_.get(), Callbacks::doctype);
  XML_SetStartNamespaceDeclHandler(expat_.get(), Callbacks::declare);
}

bool XmlParser::feed(std::string_view bytes) {
  fed_ += bytes.size();
  return XML_Parse(expat_.get(), bytes.data(), static_cast<int>(bytes.size()), XML_FALSE) == XML_STATUS_OK;
}

XmlParser::Outcome XmlParser::parse(std::string_view element, const FramerLimits& limits,
                                    const Sender& sender) {
  return run(element, limits, sender, Origin::peer);
}

XmlParser::Outcome XmlParser::parse_composed(std::string_view element, const FramerLimits& limits) {
  return run(element, limits, {}, Origin::composed);
}

XmlParser::Outcome XmlParser::run(std::string_view element, const FramerLimits& limits, const Sender& sender,
                                  Origin origin) {
  if (element.size() > limits.stanza_bytes_max) {
    return {nullptr, "policy-violation", exceeds(limits.stanza_bytes_max, "bytes in one stanza")};
  }
  if (!is_utf8(element)) return {nullptr, "not-well-formed", "the bytes are not UTF-8"};

  limits_ = &limits;
  sender_ = &sender;
  origin_ = origin;
  phase_ = Phase::idle;
  depth_ = elements_ = declarations_ = 0;
  canonical_max_ = limits.stanza_bytes_max * canonical_growth_max + stamp_bytes_max;
  condition_ = nullptr;
  builder_.begin();
  if (fed_ > fed_bytes_max) renew();

  // Peers hardly ever declare prefixes in their header; those who did get a parent that declares them.
  const bool is_wrapped = !sender.declarations.empty();
  if (is_wrapped) open_wrapper();
  const bool is_parsed = feed(element);
  if (!is_parsed && condition_ == nullptr) explain(element);
  const auto consumed = static_cast<std::uint64_t>(XML_GetCurrentByteIndex(expat_.get()));
  if (condition_ == nullptr && (phase_ != Phase::done || consumed != fed_)) {
    fail("not-well-formed", "this is not one complete element");
  }
  if (condition_ != nullptr) {
    renew();
    return {nullptr, condition_, std::move(text_)};
  }
  if (is_wrapped) close_wrapper();
  return {builder_.finish(kind_), "", {}};
}

void XmlParser::open_wrapper() {
  XML_SetStartElementHandler(expat_.get(), nullptr);
  const std::string tag = "<" + std::string(wrapper_name) + std::string(sender_->declarations) + ">";
  check(feed(tag), "expat takes declarations it took in the stream header");
  XML_SetStartElementHandler(expat_.get(), Callbacks::start);
  declarations_ = 0;
}

void XmlParser::close_wrapper() {
  XML_SetEndElementHandler(expat_.get(), nullptr);
  check(feed("</" + std::string(wrapper_name) + ">"), "expat takes the wrapper's end tag");
  XML_SetEndElementHandler(expat_.get(), Callbacks::end);
}

// What expat stopped at, as a stream error.
void XmlParser::explain(std::string_view element) {
  const XML_Error error = XML_GetErrorCode(expat_.get());
  const auto behind = fed_ - static_cast<std::uint64_t>(XML_GetCurrentByteIndex(expat_.get()));
  const std::string_view before =
      element.substr(0, element.size() - std::min<std::uint64_t>(behind, element.size()));
  const ExpatProblem problem = explain_expat(error, before);
  fail(problem.condition, problem.text);
}

void XmlParser::fail(const char* condition, std::string_view text) {
  if (condition_ != nullptr) return;
  condition_ = condition;
  text_ = text;
  XML_StopParser(expat_.get(), XML_FALSE);
}

void XmlParser::fail_limit(std::string_view what, std::uint64_t limit) {
  fail("policy-violation", exceeds(limit, what));
}

bool XmlParser::fits(std::string_view ns, std::string_view local) {
  if (local.size() <= limits_->name_bytes_max && ns.size() <= limits_->name_bytes_max) return true;
  fail_limit("bytes in a name", limits_->name_bytes_max);
  return false;
}

// expat may call on for an empty element's end after it was stopped.
void XmlParser::on_start(const char* raw_name, const char** attributes) {
  if (condition_ != nullptr) return;
  if (phase_ == Phase::done) return fail("not-well-formed", "a second element where one was expected");
  if (++depth_ > limits_->depth_max) return fail_limit("elements inside each other", limits_->depth_max);
  if (++elements_ > limits_->elements_max) return fail_limit("elements in one stanza", limits_->elements_max);
  // An attribute of a foreign namespace may need a declaration, and the element another.
  if (declarations_ > limits_->attributes_max + 1) {
    return fail_limit("namespace declarations on one element", limits_->attributes_max);
  }
  declarations_ = 0;

  const ExpandedName name = split_name(raw_name);
  if (!fits(name.ns, name.local)) return;
  if (name.ns == ns_streams && (origin_ == Origin::peer || depth_ > 1)) {
    return fail("bad-format", "an element of the stream's own namespace inside the stream");
  }
  if (name.ns == ns_xml) return fail("bad-namespace-prefix", "the prefix \"xml\" has no elements");
  std::uint32_t count = 0;
  for (const char** at = attributes; *at != nullptr; at += 2) ++count;
  if (count > limits_->attributes_max) {
    return fail_limit("attributes on one element", limits_->attributes_max);
  }

  builder_.open(name.ns, name.local);
  if (depth_ == 1) {
    phase_ = Phase::element;
    kind_ = kind_of(name);
    write_root_attributes(attributes);
  } else {
    for (const char** at = attributes; *at != nullptr; at += 2) {
      const ExpandedName attribute = split_name(at[0]);
      if (!fits(attribute.ns, attribute.local)) return;
      builder_.attribute(attribute.ns, attribute.local, at[1]);
    }
  }
  if (builder_.canonical_bytes() > canonical_max_) fail_limit("bytes, written out", canonical_max_);
}

// Stamps a stanza: "from" first, what the client wrote there replaced; xml:lang last.
void XmlParser::write_root_attributes(const char** attributes) {
  const bool is_stanza = kind_ != Stanza::Kind::nonza;
  const bool is_stamped = is_stanza && !sender_->from.empty();
  bool has_lang = false;
  if (is_stamped) builder_.attribute({}, "from", sender_->from);
  for (const char** at = attributes; *at != nullptr; at += 2) {
    const ExpandedName attribute = split_name(at[0]);
    const std::string_view value = at[1];
    if (!fits(attribute.ns, attribute.local)) return;
    if (is_stamped && attribute.ns.empty() && attribute.local == "from") {
      if (!stamp_allows(value)) return fail("invalid-from", "\"from\" is not an address of this session");
      continue;
    }
    has_lang = has_lang || (attribute.ns == ns_xml && attribute.local == "lang");
    builder_.attribute(attribute.ns, attribute.local, value);
  }
  if (is_stanza && !has_lang && !sender_->lang.empty()) builder_.attribute(ns_xml, "lang", sender_->lang);
}

// The session's full or bare address. Case does not matter in front of the resource (RFC 7622 3.2, 3.3).
bool XmlParser::stamp_allows(std::string_view from) const {
  const std::string_view own = sender_->from;
  const std::size_t own_slash = own.find('/');
  const std::size_t slash = from.find('/');
  if (!equal_ignoring_case(from.substr(0, slash), own.substr(0, own_slash))) return false;
  if (slash == std::string_view::npos) return true;
  return own_slash != std::string_view::npos && from.substr(slash) == own.substr(own_slash);
}

void XmlParser::on_end() {
  if (condition_ != nullptr) return;
  // The end tag of the synthetic root, or of the element that declares prefixes.
  if (depth_ == 0) return fail("not-well-formed", "an end tag without its start tag");
  builder_.close();
  if (--depth_ == 0) phase_ = Phase::done;
}

void XmlParser::on_text(std::string_view text) {
  if (condition_ != nullptr) return;
  if (depth_ == 0) return fail("not-well-formed", "text outside of the element");
  builder_.text(text);
  if (builder_.canonical_bytes() > canonical_max_) fail_limit("bytes, written out", canonical_max_);
}

}  // namespace hotline
