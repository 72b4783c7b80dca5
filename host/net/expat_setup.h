// How every expat parser of the host is set up, and what its errors mean to a peer.
#pragma once

#include <expat.h>

#include <string_view>

namespace hotline {

// Namespace-aware (names joined by ns_separator), UTF-8 whatever the input claims, salted, with the
// amplification limits set and reparse deferral off: an element is complete when its last byte is there,
// and the quadratic cost that deferral guards against is bounded by the stanza's size. The caller frees it.
XML_Parser make_expat(unsigned long salt);

// As expat joins them: "namespace\x01local", or "local" without a namespace.
struct ExpandedName {
  std::string_view ns, local;
};
ExpandedName split_name(const char* name);

struct ExpatProblem {
  const char* condition;  // RFC 6120 4.9.3.
  const char* text;
};
// `before`: the input up to the place of the error (XML_GetCurrentByteIndex).
ExpatProblem explain_expat(XML_Error error, std::string_view before);

}  // namespace hotline
