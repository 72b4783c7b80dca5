// This machine, as far as any has it.
#include "doctor/linux_machine.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using hotline::doctor::LinuxMachine;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "hotline-doctor-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

void write_certificate(const std::string& path, long days) {
  EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  X509* const certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86'400);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, nullptr);
  std::FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace

TEST_CASE("doctor: this machine's files are read without their line ends, and missing ones are missing") {
  const LinuxMachine machine;
  CHECK(machine.file("/proc/sys/kernel/ostype") == "Linux");
  CHECK_FALSE(machine.file("/proc/sys/kernel/no-such-file"));
  REQUIRE(machine.file("/proc/self/limits"));
  CHECK(machine.file("/proc/self/limits")->find("Max open files") != std::string::npos);
}

TEST_CASE("doctor: a disk is tried with a file that is gone afterwards") {
  const Folder folder;
  const LinuxMachine machine;
  const auto disk = machine.disk(folder.path);
  REQUIRE(disk);
  CHECK(disk->free_bytes > 0);
  CHECK(disk->sync_problem.empty());
  CHECK(std::filesystem::is_empty(folder.path));
  CHECK_FALSE(machine.disk(folder.path + "/none"));
  const auto proc = machine.disk("/proc/self");
  REQUIRE(proc);
  CHECK(proc->sync_problem.find("cannot write there") != std::string::npos);
}

TEST_CASE("doctor: a certificate's dates are read from its file, and what is none is said to be none") {
  const Folder folder;
  const LinuxMachine machine;
  write_certificate(folder.path + "/chain.pem", 30);
  const auto dates = machine.certificate(folder.path + "/chain.pem");
  REQUIRE(dates);
  CHECK(dates->ends_s - dates->begins_s == 30 * 86'400);
  std::ofstream(folder.path + "/other.pem") << "no certificate";
  CHECK_FALSE(machine.certificate(folder.path + "/other.pem"));
  CHECK_FALSE(machine.certificate(folder.path + "/none.pem"));
}
