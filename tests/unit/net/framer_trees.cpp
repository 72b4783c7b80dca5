// Prints what the XML framer makes of each file named on the command line, for framer_differential.py.
//
// A file is as in tests/fuzz/corpus/xml_framer_fuzz: its first byte is even when the stream header is in it.
// Lines: "file", then "stanza <canonical bytes>" and a "node <ns> <name> <text>" for each of its nodes, then
// "end <condition>", "end closed", "end open" or "end unfinished". What is of the input is in hexadecimal.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "framer_fixture.h"

using namespace hotline;

namespace {

std::string hex(std::string_view bytes) {
  std::string text = "x";
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    text += digits;
  }
  return text;
}

void print_stanza(const Stanza& stanza) {
  std::printf("stanza %s\n", hex(stanza.bytes()).c_str());
  for (Stanza::Node node = 0; node < stanza.node_count(); ++node) {
    std::printf("node %s %s %s\n", hex(stanza.ns(node)).c_str(), hex(stanza.name(node)).c_str(),
                hex(stanza.text(node)).c_str());
  }
}

void print_file(test::Wire& wire, const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::string bytes;
  if (!content.empty() && (content[0] & 1) != 0) bytes = test::stream_header;
  if (!content.empty()) bytes += content.substr(1);
  std::printf("file\n");
  const auto framer = wire.framer();
  std::string_view input = bytes;
  std::string end = "open";
  while (!input.empty()) {
    const FrameEvent event = framer->next(input);
    if (event.stanza) print_stanza(*event.stanza);
    if (event.kind == FrameEvent::Kind::close) end = "closed";
    if (event.kind == FrameEvent::Kind::error) end = event.condition;
  }
  if (framer->has_partial()) end = "unfinished";
  std::printf("end %s\n", end.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  test::Wire wire;
  for (int number = 1; number < argc; ++number) print_file(wire, argv[number]);
  return 0;
}
