#include "push/generation.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "push/elf_file.h"
#include "push/image.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

const void* no_capability(const hl_host*, const char*) {
  return nullptr;
}
const hl_host bare_host{sizeof(hl_host), HL_ABI_MAJOR, HL_ABI_MINOR, nullptr, no_capability};

// A copy of a fixture under a path of its own, described as the verifier would, but not verified: what
// generation.cpp itself refuses and reports is asked here.
GenerationFile copy_of(const ScratchDirectory& directory, const std::string& fixture_path) {
  static int copies = 0;
  GenerationFile file;
  file.path = directory.path() + "/" + std::to_string(++copies) + ".so";
  std::filesystem::copy_file(fixture_path, file.path);
  const std::string bytes = bytes_of(fixture_path);
  const auto elf = ElfFile::parse(std::as_bytes(std::span(bytes)));
  REQUIRE_MESSAGE(elf.has_value(), (elf ? "" : elf.error().message));
  file.build_id = elf->build_id;
  file.digest = Image::read(file.path)->digest();
  file.pins = pins_of(*elf);
  const auto manifest = Manifest::parse(elf->manifest.substr(0, elf->manifest.find('\0')));
  REQUIRE_MESSAGE(manifest.has_value(), (manifest ? "" : manifest.error().message));
  file.manifest = *manifest;
  return file;
}

std::string refusal(GenerationFile file) {
  const auto generation = Generation::load(std::move(file));
  return generation ? std::string("loaded") : generation.error().message;
}

// The lines of /proc/self/maps that come from files: stacks and heaps come and go on their own.
std::multiset<std::string> mapped_files() {
  std::multiset<std::string> lines;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find('/') != std::string::npos) lines.insert(line);
  return lines;
}

}  // namespace

TEST_CASE("generation: a good module is loaded, makes its instances, and leaves no mapping") {
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("good"));
  const std::string path = file.path;
  auto loaded = Generation::load(std::move(file));
  REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
  Generation& good = **loaded;
  CHECK(good.manifest().label() == "good 1.0.0");
  CHECK(good.range().contains(reinterpret_cast<const void*>(good.entry().on_stanza)));
  CHECK_FALSE(good.range().contains(&bare_host));
  CHECK((good.entry().on_line == nullptr));
  CHECK(look_for(path).is_known_to_loader);
  CHECK(look_for(path).is_in_maps);
  CHECK(look_for(path).is_in_headers);

  const std::array hosts{&bare_host, &bare_host, &bare_host};
  REQUIRE(good.self_test(&bare_host).has_value());
  REQUIRE(good.create_instances(hosts).has_value());
  CHECK(good.instance_count() == 3);
  CHECK(good.instance(0) != good.instance(2));
  hl_stanza_event event{.size = sizeof(hl_stanza_event)};
  CHECK(good.entry().on_stanza(good.instance(1), &event) == HL_OK);
  REQUIRE(good.destroy_instances().has_value());

  const Generation::Unloading unloading = good.unload();
  CHECK(unloading.is_unmapped == Generation::can_unload());
  CHECK(unloading.reason ==
        (Generation::can_unload() ? "" : "this is a sanitizer build, which never unloads code"));
  CHECK(look_for(path).any() != Generation::can_unload());
}

TEST_CASE("generation: two versions are loaded at once, each with its own code and data") {
  const ScratchDirectory directory;
  auto first = Generation::load(copy_of(directory, fixture("good")));
  auto second = Generation::load(copy_of(directory, fixture("good_next", "good-2.0.0")));
  REQUIRE(first.has_value());
  REQUIRE_MESSAGE(second.has_value(), (second ? "" : second.error().message));
  CHECK((*first)->manifest().version < (*second)->manifest().version);
  CHECK(((*first)->entry().convert == nullptr));
  REQUIRE(((*second)->entry().convert != nullptr));
  CHECK_FALSE((*first)->range().contains(reinterpret_cast<const void*>((*second)->entry().on_stanza)));

  const std::array hosts{&bare_host};
  REQUIRE((*first)->create_instances(hosts).has_value());
  REQUIRE((*second)->create_instances(hosts).has_value());
  const hl_stanza_event event{.size = sizeof(hl_stanza_event)};
  CHECK((*first)->entry().on_stanza((*first)->instance(0), &event) == HL_OK);
  CHECK((*second)->entry().on_stanza((*second)->instance(0), &event) == HL_OK);

  std::array<char, 8> row{};
  std::uint64_t size = row.size();
  REQUIRE((*second)->entry().convert({}, 1, 2, {"abc", 3}, row.data(), &size) == HL_OK);
  CHECK(std::string(row.data(), size) == "abc!");

  REQUIRE((*first)->destroy_instances().has_value());
  CHECK((*first)->unload().is_unmapped == Generation::can_unload());
  CHECK((*second)->entry().on_stanza((*second)->instance(0), &event) == HL_OK);
}

TEST_CASE("generation: one file loaded twice, under two paths, is two images") {
  const ScratchDirectory directory;
  auto first = Generation::load(copy_of(directory, fixture("good")));
  auto second = Generation::load(copy_of(directory, fixture("good")));
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK((*first)->range().base != (*second)->range().base);
}

TEST_CASE("generation: 100 loads and unloads leave the mappings as they were") {
  if (!Generation::can_unload()) return;
  const ScratchDirectory directory;
  const auto cycle = [&](const std::string& path) {
    auto loaded = Generation::load(copy_of(directory, path));
    REQUIRE(loaded.has_value());
    const std::array hosts{&bare_host, &bare_host};
    REQUIRE((*loaded)->create_instances(hosts).has_value());
    const hl_stanza_event event{.size = sizeof(hl_stanza_event)};
    CHECK((*loaded)->entry().on_stanza((*loaded)->instance(0), &event) == HL_OK);
    REQUIRE((*loaded)->destroy_instances().has_value());
    const Generation::Unloading unloading = (*loaded)->unload();
    REQUIRE_MESSAGE(unloading.is_unmapped, unloading.reason);
  };
  const std::string good = fixture("good");
  const std::string good_next = fixture("good_next", "good-2.0.0");
  cycle(good);  // The first may load libraries that stay.
  cycle(good_next);
  const auto baseline = mapped_files();
  for (int i = 0; i < 50; ++i) {
    cycle(good);
    cycle(good_next);
  }
  CHECK(mapped_files() == baseline);
}

TEST_CASE("generation: a path that is loaded is refused, whatever the file has become") {
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("good"));
  const GenerationFile same = file;
  auto loaded = Generation::load(std::move(file));
  REQUIRE(loaded.has_value());
  std::filesystem::remove(same.path);
  std::filesystem::copy_file(fixture("good_next", "good-2.0.0"), same.path);
  CHECK(refusal(same) == "good 1.0.0 refused: its path " + same.path +
                             " is loaded already; every load needs a path of its own");
}

TEST_CASE("generation: a file that was changed after it was verified is refused, and does not stay") {
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("good"));
  std::filesystem::remove(file.path);
  std::filesystem::copy_file(fixture("good_next", "good-2.0.0"), file.path);
  const std::string path = file.path;
  CHECK(refusal(std::move(file)).find("good 1.0.0 refused: the mapped image has build id ") == 0);
  CHECK(look_for(path).any() != Generation::can_unload());
}

TEST_CASE("generation: a file of the same build id with one other byte is refused") {
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("good"));
  std::string bytes = bytes_of(file.path);
  const std::size_t at = bytes.find("A module with nothing wrong");
  REQUIRE(at != std::string::npos);
  bytes[at] = 'B';
  std::ofstream(file.path, std::ios::binary) << bytes;
  CHECK(refusal(std::move(file)).find("good 1.0.0 refused: the mapped file has digest ") == 0);
}

TEST_CASE("generation: an undefined symbol is refused by name when it is loaded") {
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("good"));
  std::string bytes = bytes_of(file.path);
  const std::size_t at = bytes.find(std::string_view("\0malloc\0", 8));
  REQUIRE(at != std::string::npos);
  bytes[at + 1] = 'x';
  std::ofstream(file.path, std::ios::binary) << bytes;
  CHECK(refusal(std::move(file)).find("undefined symbol: xalloc") != std::string::npos);
}

TEST_CASE("generation: an entry that does not hold together is refused") {
  const ScratchDirectory directory;
  CHECK(refusal(copy_of(directory, fixture("bad_magic"))) ==
        "bad_magic 1.0.0 refused: its `hl_module` does not begin with HL_MODULE_MAGIC");
  CHECK(refusal(copy_of(directory, fixture("other_manifest"))) ==
        "other_manifest 1.0.0 refused: its `hl_module` points to another manifest than the one in its file; "
        "set it to hl_manifest_text");
  CHECK(refusal(copy_of(directory, fixture("foreign_function"))) ==
        "foreign_function 1.0.0 refused: function 2 of its `hl_module` lies outside its own image");
  CHECK(refusal(copy_of(directory, fixture("no_callback"))) ==
        "no_callback 1.0.0 refused: its `hl_module` has no on_stanza, and its manifest has routes");
  GenerationFile without_entry = copy_of(directory, fixture("good"));
  std::string bytes = bytes_of(without_entry.path);
  const std::size_t at = bytes.find("hl_module");
  REQUIRE(at != std::string::npos);
  bytes[at] = 'H';
  std::ofstream(without_entry.path, std::ios::binary) << bytes;
  without_entry.digest = Image::read(without_entry.path)->digest();
  CHECK(refusal(std::move(without_entry)) ==
        "good 1.0.0 refused: it has no `hl_module`; define it with HL_MODULE");
}

TEST_CASE("generation: a schema step needs a convert") {
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("schema_step_without_convert", "good-3.0.0"));
  file.convert_reason = "it writes schema 4 of table `good_rows`, and 1 is live";
  CHECK(
      refusal(std::move(file)) ==
      "good 3.0.0 refused: its `hl_module` has no convert, and it writes schema 4 of table `good_rows`, and "
      "1 is live");
}

TEST_CASE("generation: a create that fails for one shard leaves no instance") {
  const ScratchDirectory directory;
  auto loaded = Generation::load(copy_of(directory, fixture("create_fails")));
  REQUIRE(loaded.has_value());
  const std::array hosts{&bare_host, &bare_host};
  const auto created = (*loaded)->create_instances(hosts);
  REQUIRE_FALSE(created.has_value());
  CHECK(created.error().message ==
        "create_fails 1.0.0 refused: create for shard 1 answered HL_E_NONE (a capability is missing)");
  CHECK((*loaded)->instance_count() == 0);
  CHECK((*loaded)->unload().is_unmapped == Generation::can_unload());
}

TEST_CASE("generation: exceptions of a module are told, not passed on") {
  const ScratchDirectory directory;
  auto loaded = Generation::load(copy_of(directory, fixture("throws")));
  REQUIRE(loaded.has_value());
  const auto tested = (*loaded)->self_test(&bare_host);
  REQUIRE_FALSE(tested.has_value());
  CHECK(tested.error().message == "throws 1.0.0: its self-test threw something that is no std::exception");
  const std::array hosts{&bare_host, &bare_host};
  const auto created = (*loaded)->create_instances(hosts);
  REQUIRE_FALSE(created.has_value());
  CHECK(
      created.error().message ==
      "throws 1.0.0 refused: create for shard 1 threw no second one; then throws 1.0.0: destroy for shard 0 "
      "threw not without a fight");
  CHECK((*loaded)->unload().is_unmapped == Generation::can_unload());
}

TEST_CASE("generation: an image that stays is reported with its cause") {
  if (!Generation::can_unload()) return;
  const ScratchDirectory directory;
  const std::array hosts{&bare_host};
  const auto reason_of = [&](const std::string& name) {
    auto loaded = Generation::load(copy_of(directory, fixture(name)));
    REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
    REQUIRE((*loaded)->create_instances(hosts).has_value());
    REQUIRE((*loaded)->destroy_instances().has_value());
    const Generation::Unloading unloading = (*loaded)->unload();
    CHECK_FALSE(unloading.is_unmapped);
    return unloading.reason;
  };
  CHECK(reason_of("unique_symbols").find("unique symbol _ZZ12shared_countvE5count") == 0);
  CHECK(reason_of("nodelete").find("DF_1_NODELETE: it stays for the life of the process") == 0);
}

TEST_CASE("generation: a thread_local object keeps the image until its thread has ended") {
  if (!Generation::can_unload()) return;
  const ScratchDirectory directory;
  GenerationFile file = copy_of(directory, fixture("thread_local_destructor"));
  const std::string path = file.path;
  auto loaded = Generation::load(std::move(file));
  REQUIRE(loaded.has_value());
  std::promise<void> touched;
  std::promise<void> may_end;
  std::thread holder([&] {
    const std::array hosts{&bare_host};
    CHECK((*loaded)->create_instances(hosts).has_value());
    touched.set_value();
    may_end.get_future().wait();
  });
  touched.get_future().wait();
  REQUIRE((*loaded)->destroy_instances().has_value());
  const Generation::Unloading unloading = (*loaded)->unload();
  CHECK_FALSE(unloading.is_unmapped);
  CHECK(unloading.reason.find("a thread that is alive holds a thread_local object with a destructor") == 0);
  may_end.set_value();
  holder.join();
  // Any later unloading takes it along.
  auto other = Generation::load(copy_of(directory, fixture("good")));
  REQUIRE(other.has_value());
  CHECK((*other)->unload().is_unmapped);
  CHECK_FALSE(look_for(path).any());
}
