#include "push/verify.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "push/elf_file.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

VerifyPolicy policy() {
  return VerifyPolicy::of_host({"hotline.log/1", "hotline.table/1"});
}

VerifyReport report_of(const std::string& path, const VerifyPolicy& policy) {
  const Result<Image> image = Image::read(path);
  REQUIRE_MESSAGE(image.has_value(), (image ? "" : image.error().message));
  return verify(*image, policy);
}

VerifyReport report_of_bytes(const std::string& bytes) {
  return verify(Image::of("/somewhere/changed.so", to_bytes(bytes)), policy());
}

bool says(const std::vector<std::string>& lines, const std::string& part) {
  return std::ranges::any_of(lines,
                             [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

// The one refusal of a fixture.
std::string refusal_of(const std::string& name) {
  const VerifyReport report = report_of(fixture(name), policy());
  CHECK_MESSAGE(report.refusals.size() == 1, report.refusal_text());
  return report.refusal_text();
}

Manifest manifest(const std::string& text) {
  const Result<Manifest> parsed = Manifest::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().message));
  return *parsed;
}

template <typename T>
T get(const std::string& bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Changes the program header of that type.
template <typename Change>
std::string with_segment(std::string bytes, std::uint32_t type, Change change) {
  const auto header = get<Elf64_Ehdr>(bytes, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    auto segment = get<Elf64_Phdr>(bytes, at);
    if (segment.p_type != type) continue;
    change(segment);
    std::memcpy(bytes.data() + at, &segment, sizeof segment);
    return bytes;
  }
  FAIL("there is no such segment");
  return bytes;
}

}  // namespace

TEST_CASE(
    "verify: modules that hotline_add_module builds are accepted, in C and in C++ with the standard "
    "library") {
  const VerifyReport good = report_of(fixture("good"), policy());
  CHECK_MESSAGE(good.is_accepted(), good.refusal_text());
  CHECK(good.notes.empty());
  CHECK(good.build_id.size() == 40);
  CHECK(good.digest.size() == 64);
  REQUIRE(good.manifest.has_value());
  CHECK(good.manifest->label() == "good 1.0.0");

  const VerifyReport next = report_of(fixture("good_next", "good-2.0.0"), policy());
  CHECK_MESSAGE(next.is_accepted(), next.refusal_text());
  CHECK(next.notes ==
        std::vector<std::string>{
            "good 2.0.0: it does without the capability hotline.stats/1, which this host has not"});
}

TEST_CASE("verify: what is no module is refused by the file's name") {
  CHECK(verify(Image::of("/tmp/notes.txt", to_bytes("just text, and not a short one")), policy())
            .refusal_text() ==
        "notes.txt refused: it is not an ELF file; push the .so that hotline_add_module builds");
  CHECK(refusal_of("no_manifest") ==
        "no_manifest-1.0.0.so refused: it is no Hotline module: it has no section .hotline.manifest; see "
        "docs/writing-a-module.md");
  CHECK(refusal_of("bad_manifest") ==
        "bad_manifest-1.0.0.so refused: manifest line 5: unknown word `rouet`: hotline/manifest.h lists the "
        "known ones");
}

TEST_CASE("verify: a file that cannot be read as one is refused") {
  const ScratchDirectory directory;
  const Result<Image> missing = Image::read(directory.path() + "/none.so");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().message ==
        directory.path() + "/none.so refused: it cannot be read: No such file or directory");
  const Result<Image> folder = Image::read(directory.path());
  REQUIRE_FALSE(folder.has_value());
  CHECK(folder.error().message == directory.path() + " refused: it is not a regular file");
  std::ofstream(directory.path() + "/huge.so").seekp(65 << 20).put('x');
  const Result<Image> huge = Image::read(directory.path() + "/huge.so");
  REQUIRE_FALSE(huge.has_value());
  CHECK(huge.error().message.find("more than the 67108864 it may have") != std::string::npos);
}

TEST_CASE("verify: another machine, another class, a cut and a flipped bit are refused") {
  const std::string good = bytes_of(fixture("good"));
  std::string other = good;
  const std::uint16_t machine = ElfFile::host_machine() == EM_X86_64 ? EM_AARCH64 : EM_X86_64;
  std::memcpy(other.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  CHECK(report_of_bytes(other).refusal_text() ==
        "changed.so refused: it is for " + machine_name(machine) + ", this host is " +
            machine_name(ElfFile::host_machine()) + "; build it for this machine");
  std::string narrow = good;
  narrow[EI_CLASS] = ELFCLASS32;
  CHECK(report_of_bytes(narrow).refusal_text() ==
        "changed.so refused: it is not a 64-bit little-endian ELF file; push the .so that hotline_add_module "
        "builds");
  CHECK(report_of_bytes(good.substr(0, good.size() / 2))
            .refusal_text()
            .find("changed.so refused: it is truncated: ") == 0);
  std::string flipped = good;
  const std::size_t at = flipped.find("\nversion 1.0.0");
  REQUIRE(at != std::string::npos);
  flipped[at + 1] = 'V';
  CHECK(report_of_bytes(flipped).refusal_text().find(
            "changed.so refused: manifest line 2: unknown word `Version`") == 0);
  CHECK(Image::of("", to_bytes(flipped)).digest() != Image::of("", to_bytes(good)).digest());
}

TEST_CASE("verify: a program is refused") {
  std::string bytes = bytes_of(fixture("good"));
  const std::uint16_t type = ET_EXEC;
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_type), &type, sizeof type);
  CHECK(report_of_bytes(bytes).refusal_text() ==
        "good 1.0.0 refused: it is a program, not a shared object; build it with hotline_add_module");
}

TEST_CASE("verify: an ABI that is too new or too old is refused with both numbers") {
  CHECK(refusal_of("abi_too_new") ==
        "abi_too_new 1.0.0 refused: it was built for ABI 9.0, this host has 1.0; upgrade the host, or build "
        "it with "
        "the headers of 1.0");
  CHECK(refusal_of("abi_too_old") ==
        "abi_too_old 1.0.0 refused: it was built for ABI 0.0, this host takes 1.0 to 1.0; build it again "
        "with this "
        "host's headers");
  VerifyPolicy newer = policy();
  newer.abi_minor_max = 3;
  CHECK(report_of(fixture("good"), newer).is_accepted());
  newer.abi_major_max = 2;
  CHECK(report_of(fixture("good"), newer).is_accepted());
}

TEST_CASE("verify: a capability the host has not is refused by name") {
  CHECK(refusal_of("missing_capability") ==
        "missing_capability 1.0.0 refused: it needs the capability hotline.telepathy/3, which this host has "
        "not; "
        "upgrade the host, or say `wants` and do without");
}

TEST_CASE("verify: what another live module has is refused, claim by claim") {
  const Manifest good = *report_of(fixture("good"), policy()).manifest;
  VerifyPolicy with_good = policy();
  with_good.live.push_back({&good, "aa"});
  const VerifyReport report = report_of(fixture("route_claimed_twice"), with_good);
  REQUIRE(report.refusals.size() == 3);
  CHECK(report.refusals[0] ==
        "route_claimed_twice 1.0.0 refused: it claims `iq urn:example:good self`, which good 1.0.0 has; take "
        "it from "
        "one of them, or push both as one set");
  CHECK(says(report.refusals, "`table good_rows`, which good 1.0.0 has"));
  CHECK(says(report.refusals, "`command good.count`, which good 1.0.0 has"));
  CHECK(report_of(fixture("route_claimed_twice"), policy()).is_accepted());
}

#if defined(__GNUC__) && !defined(__clang__)
TEST_CASE("verify: unique symbols are refused by name") {
  const VerifyReport report = report_of(fixture("unique_symbols"), policy());
  CHECK(says(report.refusals,
             "unique_symbols 1.0.0 refused: the loader would never unload it for its unique symbols: "
             "shared_count()::count; compile with -fno-gnu-unique"));
  CHECK(report.pins.unique_symbols.size() == 1);
}
#endif

TEST_CASE("verify: imports that pin or poison the process are refused, each by name and reason") {
  CHECK(refusal_of("thread_local_destructor") ==
        "thread_local_destructor 1.0.0 refused: it calls __cxa_thread_atexit: a thread_local object with a "
        "destructor "
        "keeps the image mapped while its thread lives; keep such state in the instance");
  CHECK(says(
      report_of(fixture("own_thread"), policy()).refusals,
      ": a thread would go on running code that has been unloaded; ask the host: post, timers, crypto work"));
  CHECK(says(report_of(fixture("own_thread"), policy()).refusals, "it calls std::thread::_M_start_thread("));
  const VerifyReport report = report_of(fixture("forbidden_imports"), policy());
  for (const std::string import :
       {"pthread_create", "exit", "_exit", "signal", "setlocale", "fork", "socket"})
    CHECK_MESSAGE(says(report.refusals, "forbidden_imports 1.0.0 refused: it calls " + import + ": "),
                  import);
  CHECK(report.refusals.size() == 7);
}

TEST_CASE("verify: a file that is never unloaded is refused") {
  CHECK(
      refusal_of("nodelete") ==
      "nodelete 1.0.0 refused: it is marked never to be unloaded (DF_1_NODELETE); link without -z nodelete");
}

TEST_CASE("verify: code that runs while loading or unloading is refused by name") {
  if (VerifyPolicy::built_sanitized) return;
  const VerifyReport report = report_of(fixture("constructor_with_side_effect"), policy());
  REQUIRE(report.refusals.size() == 2);
  CHECK(report.refusals[0] ==
        "constructor_with_side_effect 1.0.0 refused: code would run while it is loaded, before anyone has "
        "agreed to "
        "it: meddle; move the work of constructors and of objects at namespace scope (<iostream> has one) "
        "into create");
  CHECK(report.refusals[1] ==
        "constructor_with_side_effect 1.0.0 refused: code would run while it is unloaded: meddle_again; move "
        "what "
        "destructors at namespace scope do into destroy");
  CHECK(refusal_of("static_object").find(": _GLOBAL__sub_I_") != std::string::npos);
}

TEST_CASE("verify: more exports than hl_module are refused by name") {
  if (VerifyPolicy::built_sanitized) return;
  CHECK(refusal_of("extra_export") ==
        "extra_export 1.0.0 refused: it exports more than `hl_module`: extra_function; link with "
        "abi/module.map, as "
        "hotline_add_module does");
}

TEST_CASE("verify: an executable stack, a search path and a library of its own are refused") {
  const VerifyReport report = report_of(fixture("loose_link"), policy());
  CHECK(report.refusals.size() == 3);
  CHECK(says(report.refusals, "loose_link 1.0.0 refused: it wants an executable stack; "));
  CHECK(
      says(report.refusals, "it says where to look for libraries (RPATH /opt/lib); link it without -rpath"));
  CHECK(says(report.refusals, "it needs libexpat.so.1, and modules may need libc.so.6, libm.so.6, "));
  VerifyPolicy with_expat = policy();
  with_expat.extra_libraries.emplace_back("libexpat.so.1");
  CHECK(report_of(fixture("loose_link"), with_expat).refusals.size() == 2);
}

TEST_CASE("verify: memory that is written and executed, and a silent stack, are refused") {
  const std::string good = bytes_of(fixture("good"));
  const auto writable = [](Elf64_Phdr& segment) { segment.p_flags |= PF_W | PF_X; };
  CHECK(says(report_of_bytes(with_segment(good, PT_LOAD, writable)).refusals,
             "it has memory that can be both written and executed"));
  const auto forget = [](Elf64_Phdr& segment) { segment.p_type = PT_NULL; };
  CHECK(says(report_of_bytes(with_segment(good, PT_GNU_STACK, forget)).refusals,
             "it wants an executable stack"));
}

TEST_CASE("verify: thread_local variables beyond the limit are refused") {
  const std::string local = bytes_of(fixture("thread_local_destructor"));
  const auto grow = [](Elf64_Phdr& segment) { segment.p_memsz = 5000; };
  CHECK(says(
      report_of_bytes(with_segment(local, PT_TLS, grow)).refusals,
      "it has 5000 bytes of thread_local variables, more than the 1024 allowed; keep state in the instance"));
}

TEST_CASE("verify: a missing build id, and one that is live, are refused") {
  const std::string good = bytes_of(fixture("good"));
  const auto forget = [](Elf64_Phdr& segment) { segment.p_type = PT_NULL; };
  CHECK(report_of_bytes(with_segment(good, PT_NOTE, forget)).refusal_text() ==
        "good 1.0.0 refused: it has no build id, so no report could name it; link with --build-id=sha1");
  const VerifyReport report = report_of(fixture("good"), policy());
  VerifyPolicy with_good = policy();
  with_good.live.push_back({&*report.manifest, report.build_id});
  CHECK(report_of(fixture("good"), with_good).refusal_text() ==
        "good 1.0.0 refused: build id " + report.build_id +
            " is live already as good 1.0.0; build a change to push one");
  CHECK(report_of(fixture("good_patch", "good-1.0.1"), with_good).is_accepted());
}

TEST_CASE("verify: a library version that the host has not is refused") {
  VerifyPolicy old = policy();
  REQUIRE(old.library_versions.contains("libc.so.6"));
  REQUIRE(old.library_versions["libc.so.6"].contains("GLIBC_2.2.5"));
  REQUIRE(old.library_versions["libstdc++.so.6"].contains("GLIBCXX_3.4.21"));
  old.library_versions["libstdc++.so.6"].erase("GLIBCXX_3.4.21");
  CHECK(says(
      report_of(fixture("good_next", "good-2.0.0"), old).refusals,
      "good 2.0.0 refused: it needs GLIBCXX_3.4.21 of libstdc++.so.6, which is newer than this host's; build "
      "it on the host's release"));
}

TEST_CASE("verify: what is older than what is live is refused, unless that was asked for") {
  const Manifest live =
      manifest("name good\nversion 1.5.0\nabi 1.0\ntable good_rows volatile writes 1 reads 1\n");
  VerifyPolicy with_live = policy();
  with_live.live.push_back({&live, "aa"});
  CHECK(says(report_of(fixture("good"), with_live).refusals,
             "good 1.0.0 refused: it is older than good 1.5.0, which is live; `hotline rollback good`"));
  with_live.allows_older = true;
  const VerifyReport forced = report_of(fixture("good"), with_live);
  CHECK_MESSAGE(forced.is_accepted(), forced.refusal_text());
  CHECK(says(forced.notes, "good 1.0.0: it is older than good 1.5.0, which is live"));
}

TEST_CASE("verify: a schema step up is accepted, and says that it needs a convert") {
  const Manifest good = *report_of(fixture("good"), policy()).manifest;
  VerifyPolicy with_good = policy();
  with_good.live.push_back({&good, "aa"});
  const VerifyReport next = report_of(fixture("good_next", "good-2.0.0"), with_good);
  CHECK_MESSAGE(next.is_accepted(), next.refusal_text());
  REQUIRE(next.schema_steps.size() == 1);
  CHECK(next.schema_steps[0].table == "good_rows");
  CHECK(next.schema_steps[0].from == 1);
  CHECK(next.schema_steps[0].to == 2);
  CHECK(next.convert_reason == "it does not read schema 1 of table `good_rows`, which is live");
  // It reads what is live, but what it writes must be taken back down.
  const VerifyReport leap = report_of(fixture("schema_step_without_convert", "good-3.0.0"), with_good);
  CHECK_MESSAGE(leap.is_accepted(), leap.refusal_text());
  CHECK(leap.convert_reason ==
        "it writes schema 4 of table `good_rows`, which good 1.0.0 cannot read when it is taken back");
  CHECK(report_of(fixture("good_patch", "good-1.0.1"), with_good).convert_reason.empty());
}

TEST_CASE("verify: a module that does not know the live schema is refused") {
  const Manifest live =
      manifest("name good\nversion 0.9.0\nabi 1.0\ntable good_rows durable writes 3 reads 3\n");
  VerifyPolicy with_live = policy();
  with_live.live.push_back({&live, "aa"});
  const VerifyReport report = report_of(fixture("good"), with_live);
  REQUIRE(report.refusals.size() == 2);
  CHECK(report.refusals[0] ==
        "good 1.0.0 refused: table `good_rows` is durable in good 0.9.0 and volatile in it; give the new one "
        "a name of "
        "its own");
  CHECK(report.refusals[1] ==
        "good 1.0.0 refused: it writes schema 1 of table `good_rows` and does not read 3, which is live; use "
        "rollback, "
        "or push a version that reads it");
}

TEST_CASE("verify: rows that are stored count as much as what is live") {
  VerifyPolicy with_rows = policy();
  with_rows.stored_tables.push_back({"good_rows", {1, 2}});
  CHECK(report_of(fixture("good"), with_rows).refusal_text() ==
        "good 1.0.0 refused: rows of table `good_rows` have schema 2, and it knows 1 at the most; use "
        "rollback, or "
        "push a version that reads them");
  const VerifyReport next = report_of(fixture("good_next", "good-2.0.0"), with_rows);
  CHECK(next.is_accepted());
  CHECK(next.convert_reason == "rows of table `good_rows` have schema 1, which it does not read");
}

TEST_CASE("verify: the fixtures that fail later pass here") {
  for (const std::string name :
       {"other_manifest", "foreign_function", "bad_magic", "no_callback", "create_fails", "throws"}) {
    const VerifyReport report = report_of(fixture(name), policy());
    CHECK_MESSAGE(report.is_accepted(), report.refusal_text());
    CHECK(report.manifest->name == name);
  }
}
