// The header shows the amplification limits only to who says that the library has DTD support; Debian's has.
#define XML_DTD

#include "net/expat_setup.h"

#include <cstring>

#include "base/check.h"
#include "net/xml_parser.h"

namespace hotline {

namespace {

// Entities are refused before they could be expanded; these are the second lock on the same door.
constexpr float amplification_max = 2.0F;
constexpr unsigned long long amplification_threshold_bytes = 64 * 1024;

}  // namespace

XML_Parser make_expat(unsigned long salt) {
  XML_Parser expat = XML_ParserCreateNS("UTF-8", ns_separator);
  check(expat != nullptr, "there is memory for a parser");
  // Zero would let expat choose one itself.
  check(XML_SetHashSalt(expat, salt == 0 ? 1 : salt) == 1, "a new parser takes a salt");
  XML_SetReparseDeferralEnabled(expat, XML_FALSE);
  XML_SetBillionLaughsAttackProtectionMaximumAmplification(expat, amplification_max);
  XML_SetBillionLaughsAttackProtectionActivationThreshold(expat, amplification_threshold_bytes);
  return expat;
}

ExpandedName split_name(const char* name) {
  const char* separator = strchrnul(name, ns_separator);
  const std::string_view first(name, static_cast<std::size_t>(separator - name));
  if (*separator == '\0') return {{}, first};
  return {first, separator + 1};
}

ExpatProblem explain_expat(XML_Error error, std::string_view before) {
  switch (error) {
    case XML_ERROR_UNDEFINED_ENTITY: return {"restricted-xml", "entities are not allowed"};
    case XML_ERROR_MISPLACED_XML_PI: return {"restricted-xml", "processing instructions are not allowed"};
    case XML_ERROR_AMPLIFICATION_LIMIT_BREACH: return {"policy-violation", "entities that expand too far"};
    case XML_ERROR_NO_MEMORY: return {"resource-constraint", "out of memory"};
    case XML_ERROR_UNBOUND_PREFIX: return {"not-well-formed", "a prefix that was not declared"};
    case XML_ERROR_INVALID_TOKEN:
      if (before.ends_with("<!")) return {"restricted-xml", "declarations are not allowed"};
      break;
    default: break;
  }
  return {"not-well-formed", XML_ErrorString(error)};
}

}  // namespace hotline
