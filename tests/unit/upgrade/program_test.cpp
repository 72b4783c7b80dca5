#include "upgrade/program.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "push/image.h"
#include "upgrade/formats.h"

using namespace hotline;
namespace fs = std::filesystem;

namespace {

const Formats ours{"1.0.0", {{"partition", 1, 2}, {"store schema", 3, 3}}};

// A state directory and, beside it, a directory with a program and its preflight.
class Given {
 public:
  Given() : directory_(fs::temp_directory_path() / ("hotline-program-" + std::to_string(::getpid()))) {
    fs::remove_all(directory_);
    fs::create_directories(directory_ / "new");
    fs::create_directories(directory_ / "state");
    policy.state_dir = (directory_ / "state").string();
    // Any program of this machine: it answers with what its script says.
    fs::copy_file(UPGRADE_STAND_IN, file());
    fs::copy_file(UPGRADE_STAND_IN, preflight());
  }
  ~Given() { fs::remove_all(directory_); }
  Given(const Given&) = delete;
  Given& operator=(const Given&) = delete;

  std::string file() const { return (directory_ / "new/hotlined").string(); }
  std::string preflight() const { return (directory_ / "new/hotline-preflight").string(); }
  std::string confine() const { return (directory_ / "new/hotline-confine").string(); }
  void sign(const std::string& path, const SigningKey& key) const {
    const Result<Image> image = Image::read(path);
    REQUIRE(image);
    const Signature signature = key.sign(image->bytes());
    std::ofstream(path + ".sig", std::ios::binary)
        .write(reinterpret_cast<const char*>(signature.data()), signature.size());
  }
  std::string refusal() const {
    const Result<Program> program = verify_program(file(), policy, ours);
    return program ? "" : program.error().message;
  }
  void says(const std::string& text) const { setenv("HOTLINE_STAND_IN_SAYS", text.c_str(), 1); }

  ProgramPolicy policy;

 private:
  fs::path directory_;
};

const std::string matching =
    R"({"program":"hotlined","version":"1.1.0","formats":[{"name":"partition","min":2,"max":4},)"
    R"({"name":"store schema","min":3,"max":3}]})";

}  // namespace

TEST_CASE("formats: two programs go together where each format has a version that both know") {
  const Result<Formats> theirs = read_formats(matching);
  REQUIRE(theirs);
  CHECK(clashes(ours, *theirs).empty());
  CHECK(clashes(*theirs, ours).empty());
  CHECK(common_version(ours, *theirs, "partition") == 2);
  CHECK(common_version(*theirs, ours, "partition") == 2);
  const Result<Formats> again = read_formats(formats_text(*theirs));
  REQUIRE(again);
  CHECK(again->formats == theirs->formats);
  CHECK(again->version == "1.1.0");
}

TEST_CASE("formats: what one does not know is named, with both versions, whichever is newer") {
  Formats newer = ours;
  newer.formats = {{"partition", 3, 4}, {"store schema", 4, 4}};
  const std::vector<std::string> forth = clashes(ours, newer), back = clashes(newer, ours);
  REQUIRE(forth.size() == 2);
  REQUIRE(back.size() == 2);
  CHECK(forth[0].find("it knows version 3 to 4 of the partition, and this host version 1 to 2") == 0);
  CHECK(back[1].find("it knows version 3 of the store schema, and this host version 4") == 0);
  newer.formats.pop_back();
  CHECK(clashes(ours, newer)[1].find("it knows nothing of the store schema") == 0);
}

TEST_CASE("formats: what is no answer of a hotlined is not taken for one") {
  for (const char* text :
       {"", "{}", "[]", "hotlined 1.0", R"({"program":"other","version":"1","formats":[]})",
        R"({"program":"hotlined","version":"1","formats":[{"name":"a","min":2,"max":1}]})",
        R"({"program":"hotlined","version":"1","formats":[{"name":"a","min":-1}]})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_formats(text));
  }
}

TEST_CASE("program: signed by a trusted key it is kept under its digest, and asked what it knows") {
  const Given given;
  const SigningKey key = SigningKey::make();
  REQUIRE(TrustStore(given.policy.state_dir).add("release", key.public_key()));
  given.sign(given.file(), key);
  given.sign(given.preflight(), key);
  given.says(matching);
  const Result<Program> program = verify_program(given.file(), given.policy, ours);
  REQUIRE_MESSAGE(program, program.error().message);
  CHECK(program->version == "1.1.0");
  CHECK(program->signer == "release");
  CHECK(program->file == given.policy.state_dir + "/core/" + program->digest + "/hotlined");
  CHECK(fs::exists(given.policy.state_dir + "/core/" + program->digest + "/hotline-preflight"));
  CHECK(stored_program(program->digest, given.policy, ours));
  // Its file may go, or become another.
  fs::permissions(program->file, fs::perms::owner_all);
  std::ofstream(program->file, std::ios::app) << "more";
  const Result<Program> changed = stored_program(program->digest, given.policy, ours);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().message.find("it was changed since it was stored") != std::string::npos);
}

TEST_CASE("program: without a signature that is trusted nothing of it runs") {
  Given given;
  given.policy.allows_development_key = false;
  given.says("it ran");
  CHECK(given.refusal().find("it is not signed; sign it with `hotline sign`") != std::string::npos);
  const SigningKey stranger = SigningKey::make();
  given.sign(given.file(), stranger);
  CHECK(given.refusal().find("no key that this host trusts has signed these bytes so") != std::string::npos);
  REQUIRE(TrustStore(given.policy.state_dir).add("release", stranger.public_key()));
  // Its preflight program is code that runs, too.
  CHECK(given.refusal().find("hotline-preflight refused: it is not signed") != std::string::npos);
  CHECK_FALSE(fs::exists(given.policy.state_dir + "/core"));
}

TEST_CASE("program: a hotline-confine beside it is verified like it, and kept with it") {
  Given given;
  given.policy.allows_development_key = false;
  given.says(matching);
  const SigningKey key = SigningKey::make();
  REQUIRE(TrustStore(given.policy.state_dir).add("release", key.public_key()));
  given.sign(given.file(), key);
  given.sign(given.preflight(), key);
  // Whether its configuration wants one it says itself.
  const Result<Program> without = verify_program(given.file(), given.policy, ours);
  REQUIRE_MESSAGE(without, without.error().message);
  const std::string kept = fs::path(without->file).parent_path().string() + "/hotline-confine";
  CHECK_FALSE(fs::exists(kept));
  CHECK(stored_program(without->digest, given.policy, ours));

  fs::copy_file(UPGRADE_STAND_IN, given.confine());
  CHECK(given.refusal().find("hotline-confine refused: it is not signed") != std::string::npos);
  given.sign(given.confine(), SigningKey::make());
  CHECK(given.refusal().find("hotline-confine refused: no key that this host trusts") != std::string::npos);
  CHECK_FALSE(fs::exists(kept));
  given.sign(given.confine(), key);
  const Result<Program> with = verify_program(given.file(), given.policy, ours);
  REQUIRE_MESSAGE(with, with.error().message);
  CHECK(with->digest == without->digest);
  CHECK(fs::file_size(kept) == fs::file_size(given.confine()));
  CHECK((fs::status(kept).permissions() & fs::perms::owner_exec) != fs::perms::none);
  CHECK(stored_program(with->digest, given.policy, ours));
}

TEST_CASE("program: what runs is kept as the way back, with what lies beside it") {
  Given given;
  given.policy.needs_preflight = false;  // None is beside this test.
  const fs::path beside = fs::read_symlink("/proc/self/exe").parent_path() / "hotline-confine";
  fs::copy_file(UPGRADE_STAND_IN, beside, fs::copy_options::overwrite_existing);
  const Result<Program> own = store_own_program(given.policy, ours);
  fs::remove(beside);
  REQUIRE_MESSAGE(own, own.error().message);
  CHECK(own->file == given.policy.state_dir + "/core/" + own->digest + "/hotlined");
  CHECK(fs::exists(given.policy.state_dir + "/core/" + own->digest + "/hotline-confine"));
}

TEST_CASE("program: what knows other versions, no versions or nothing at all is refused, with what it said") {
  Given given;
  given.policy.requires_signature = false;
  given.says(R"({"program":"hotlined","version":"2.0.0","formats":[{"name":"partition","min":1,"max":2},)"
             R"({"name":"store schema","min":4,"max":4}]})");
  CHECK(given.refusal().find("it knows version 4 of the store schema, and this host version 3") !=
        std::string::npos);
  given.says("usage: hotlined");
  CHECK(given.refusal().find("it does not say which formats it knows") != std::string::npos);
  given.says("exit 3");
  CHECK(given.refusal().find("it ended with status 3 when it was asked") != std::string::npos);
  given.says("abort");
  CHECK(given.refusal().find("it died of Aborted when it was asked") != std::string::npos);
  fs::remove(given.preflight());
  CHECK(given.refusal().find("a hotlined goes with its own hotline-preflight") != std::string::npos);
  fs::copy_file("/bin/true", given.file(), fs::copy_options::overwrite_existing);
  CHECK(given.refusal().find("it is no hotlined") != std::string::npos);
  CHECK(stored_program("", given.policy, Formats{}).error().message ==
        "there was no program before this one");
  given.policy.needs_preflight = false;
  std::ofstream(given.file()) << "#!/bin/sh\n";
  CHECK(given.refusal().find("is not an ELF file") != std::string::npos);
}
