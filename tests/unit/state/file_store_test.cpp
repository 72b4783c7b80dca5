// Files of modules on disk (state/file_store.h): parts, whole ones, and what a process leaves that dies.
#include "state/file_store.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

namespace hotline {
namespace {

const std::string file_name = "abcd000000000001";

struct FilesOnDisk {
  std::string directory;
  std::unique_ptr<FileStore> store;
  FilesOnDisk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hotline-files-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    reopen();
  }
  ~FilesOnDisk() { std::filesystem::remove_all(directory); }
  void reopen() {
    Result<std::unique_ptr<FileStore>> opened = FileStore::open(directory + "/files");
    REQUIRE(opened);
    store = std::move(*opened);
  }
  FileStore::Found receive(std::uint64_t offset, std::uint64_t size = 5) {
    return store->receive("media", file_name, offset, size);
  }
  std::string content() {
    const auto file = store->read("media", file_name);
    return file == nullptr ? "none" : file->read(0, file->bytes());
  }
  std::string path() { return directory + "/files/media/ab/cd/" + file_name; }
};

using FoundKind = FileStore::Found::Kind;

TEST_CASE_FIXTURE(FilesOnDisk, "files: one is there once it is whole, in two folders by its first digits") {
  {
    auto found = receive(0);
    REQUIRE(found.kind == FoundKind::ready);
    CHECK(found.file->append("he"));
    CHECK(content() == "none");
    CHECK(found.file->append("llo"));
    const Result<std::string> digest = found.file->finish();
    REQUIRE(digest);
    CHECK(*digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  }
  CHECK(content() == "hello");
  CHECK(std::filesystem::exists(path()));
  CHECK(store->list("media", "abcd") == std::vector<std::string>{file_name});
  CHECK(store->list("other", "abcd").empty());
  store->erase("media", file_name, {});
  CHECK(content() == "none");
  CHECK(store->list("media", "abcd").empty());
}

TEST_CASE_FIXTURE(
    FilesOnDisk,
    "files: a part is gone on with where it ends, by another process too, and its digest is of all") {
  CHECK(receive(0).file->append("hel"));
  reopen();
  CHECK(store->list("media", "abcd") == std::vector<std::string>{file_name});
  const auto asked = receive(FileStore::ask);
  CHECK((asked.kind == FoundKind::elsewhere && asked.bytes == 3));
  const auto gap = receive(4);
  CHECK((gap.kind == FoundKind::elsewhere && gap.bytes == 3));
  const auto found = receive(3);
  REQUIRE(found.kind == FoundKind::ready);
  CHECK(found.file->bytes() == 3);
  CHECK(found.file->append("lo"));
  CHECK(*found.file->finish() == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

TEST_CASE_FIXTURE(FilesOnDisk, "files: whoever begins anew begins with nothing, and a file has one writer") {
  {
    const auto first = receive(0);
    CHECK(first.file->append("xxx"));
    CHECK(receive(0).kind == FoundKind::busy);
    CHECK(receive(FileStore::ask).kind == FoundKind::busy);
  }
  const auto found = receive(0);
  REQUIRE(found.kind == FoundKind::ready);
  CHECK(found.file->bytes() == 0);
}

TEST_CASE_FIXTURE(FilesOnDisk, "files: one that became whole as the process died is found to be so") {
  {
    const auto found = receive(0);
    CHECK(found.file->append("hello"));
    REQUIRE(found.file->finish());
  }
  reopen();
  for (const std::uint64_t offset : {FileStore::ask, std::uint64_t{0}, std::uint64_t{2}}) {
    const auto found = receive(offset);
    REQUIRE(found.kind == FoundKind::ready);
    CHECK(found.file->bytes() == 5);
  }
  REQUIRE(receive(FileStore::ask).file->finish());
  CHECK(content() == "hello");
}

TEST_CASE_FIXTURE(FilesOnDisk,
                  "files: the same bytes are there once, and go with the last name that they have") {
  const std::string digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  const std::string object = directory + "/files/media/objects/2c/f2/" + digest;
  const std::string second = "abcd000000000002", third = "ef01000000000003";
  const auto put = [&](const std::string& its_name) {
    const auto found = store->receive("media", its_name, 0, 5);
    REQUIRE(found.kind == FoundKind::ready);
    CHECK(found.file->append("hello"));
    REQUIRE(found.file->finish());
  };
  put(file_name);
  put(second);
  CHECK(std::filesystem::hard_link_count(object) == 3);
  CHECK(!std::filesystem::exists(path() + ".part"));
  CHECK(store->copy("media", digest, third) == 5);
  CHECK(!store->copy("media", std::string(64, '0'), "ef01000000000004"));
  CHECK(!store->copy("other", digest, third));
  store->erase("media", file_name, digest);
  store->erase("media", second, digest);
  CHECK(content() == "none");
  const auto left = store->read("media", third);
  REQUIRE(left != nullptr);
  CHECK(left->read(0, 5) == "hello");
  store->erase("media", third, digest);
  CHECK(!std::filesystem::exists(object));
}

TEST_CASE_FIXTURE(FilesOnDisk,
                  "files: bytes that lost their names in a crash are reclaimed, later, and others are not") {
  {
    const auto found = receive(0);
    CHECK(found.file->append("hello"));
    REQUIRE(found.file->finish());
  }
  CHECK(store->reclaim("media", "2cf2", 0) == 0);
  std::filesystem::remove(path());
  CHECK(store->reclaim("media", "2cf2", 600) == 0);
  CHECK(store->reclaim("media", "2cf2", 0) == 1);
  CHECK(store->reclaim("media", "2cf2", 0) == 0);
}

TEST_CASE_FIXTURE(FilesOnDisk, "files: a part that is begun anew leaves the bytes alone that it shares") {
  {
    const auto found = receive(0);
    CHECK(found.file->append("hello"));
    REQUIRE(found.file->finish());
  }
  const std::string second = "abcd000000000002";
  CHECK(store->copy("media", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", second) ==
        5);
  // As a process leaves it that dies where the object is there, and the name not yet.
  std::filesystem::rename(path(), path() + ".part");
  {
    const auto found = receive(0, 7);
    REQUIRE(found.kind == FoundKind::ready);
    CHECK(found.file->bytes() == 0);
    CHECK(found.file->append("goodbye"));
    REQUIRE(found.file->finish());
  }
  CHECK(content() == "goodbye");
  CHECK(store->read("media", second)->read(0, 5) == "hello");
}

TEST_CASE("files: a name cannot lead anywhere else") {
  for (const char* wrong : {"", "abcd", "../../../etc/passwd", "abcd00000000000g", "ABCD000000000001",
                            "abcd/00000000001", "abcd00000000001."})
    CHECK(!FileStore::is_name(wrong));
  CHECK(!FileStore::is_name(std::string(129, 'a')));
  CHECK(FileStore::is_name(file_name));
}

}  // namespace
}  // namespace hotline
