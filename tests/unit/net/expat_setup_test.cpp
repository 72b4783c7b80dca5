// How expat is set up (net/expat_setup.h), seen from outside.
#include "net/expat_setup.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace hotline;

TEST_CASE("framer: rule 5: expat does not put off a tag that took two reads") {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> expat(make_expat(1), XML_ParserFree);
  int elements = 0;
  XML_SetUserData(expat.get(), &elements);
  XML_SetStartElementHandler(expat.get(),
                             [](void* user, const char*, const char**) { ++*static_cast<int*>(user); });
  const auto feed = [&](const std::string& bytes) {
    return XML_Parse(expat.get(), bytes.data(), static_cast<int>(bytes.size()), XML_FALSE) == XML_STATUS_OK;
  };
  CHECK(feed("<a b='" + std::string(3000, 'x')));
  CHECK(elements == 0);
  CHECK(feed("'>"));  // Too little to be worth another look, deferral would say.
  CHECK(elements == 1);
}

TEST_CASE("parser: expat reads UTF-8, whatever the input claims") {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> expat(make_expat(1), XML_ParserFree);
  const std::string latin = "<?xml version='1.0' encoding='iso-8859-1'?><a>\xe4</a>";
  CHECK(XML_Parse(expat.get(), latin.data(), static_cast<int>(latin.size()), XML_TRUE) == XML_STATUS_ERROR);
}

TEST_CASE("parser: names are split at the separator") {
  CHECK(split_name("local").ns.empty());
  CHECK(split_name("local").local == "local");
  CHECK(split_name("urn:x\x01local").ns == "urn:x");
  CHECK(split_name("urn:x\x01local").local == "local");
}
