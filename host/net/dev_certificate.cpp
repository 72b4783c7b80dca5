#include "net/dev_certificate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "net/openssl.h"

namespace hotline {
namespace {

constexpr long valid_s = 365 * 24 * 3600;
constexpr int remade_before_days = 7;
constexpr std::size_t common_name_max = 64;  // X.520's ub-common-name.

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using File = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

Error system_error(const std::string& what) {
  return Error{what + ": " + std::strerror(errno)};
}

openssl::Certificate read_certificate(const std::string& path) {
  const File file(std::fopen(path.c_str(), "re"));
  return openssl::Certificate(file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

openssl::Key read_key(const std::string& path) {
  const File file(std::fopen(path.c_str(), "re"));
  return openssl::Key(file ? PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr) : nullptr);
}

// A certificate's names are ASCII (RFC 5280 7.2). A domain in other letters goes unnamed: who uses one buys a
// certificate for it, and this one is accepted by exception anyway.
bool can_be_named(const std::string& domain) {
  for (const char c : domain) {
    if (c <= ' ' || c >= 0x7f) return false;
  }
  return !domain.empty();
}

std::string address_bytes(const std::string& name) {
  std::string bytes(16, '\0');
  if (inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(4);
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ? bytes : std::string();
}

bool is_for(X509* certificate, const std::string& domain) {
  if (!can_be_named(domain)) return true;
  if (!address_bytes(domain).empty()) return X509_check_ip_asc(certificate, domain.c_str(), 0) == 1;
  return X509_check_host(certificate, domain.c_str(), domain.size(), 0, nullptr) == 1;
}

bool is_usable(const CertificateFiles& files, const std::string& domain) {
  const openssl::Certificate certificate = read_certificate(files.certificate);
  const openssl::Key key = read_key(files.key);
  int days = 0;
  int seconds = 0;
  const bool usable = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1 &&
                      is_for(certificate.get(), domain) &&
                      ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get())) == 1 &&
                      days >= remade_before_days;
  ERR_clear_error();
  return usable;
}

bool add_name(GENERAL_NAMES* names, const std::string& name) {
  const std::string address = address_bytes(name);
  const std::string& bytes = address.empty() ? name : address;
  GENERAL_NAME* entry = GENERAL_NAME_new();
  ASN1_STRING* text = address.empty() ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
  if (entry == nullptr || text == nullptr) return false;
  ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME_set0_value(entry, address.empty() ? GEN_DNS : GEN_IPADD, text);
  return sk_GENERAL_NAME_push(names, entry) > 0;
}

bool add_extensions(X509* certificate, const std::string& domain) {
  const Names names(GENERAL_NAMES_new());
  bool done = names != nullptr;
  if (can_be_named(domain) && domain != "localhost") done = done && add_name(names.get(), domain);
  for (const char* local : {"localhost", "127.0.0.1", "::1"}) done = done && add_name(names.get(), local);
  return done &&
         X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

openssl::Certificate make_certificate(EVP_PKEY* key, const std::string& domain) {
  openssl::Certificate made(X509_new());
  X509* certificate = made.get();
  unsigned char serial[16];
  if (certificate == nullptr || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] &= 0x7f;  // RFC 5280 4.1.2.2: positive,
  serial[0] |= 0x40;  // and never zero.
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  X509_NAME* subject = X509_get_subject_name(certificate);
  const std::string name = can_be_named(domain) && domain.size() <= common_name_max ? domain : "localhost";
  const bool done =
      number && X509_set_version(certificate, X509_VERSION_3) == 1 &&
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
      X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nullptr &&  // A client's clock may be slow.
      X509_gmtime_adj(X509_getm_notAfter(certificate), valid_s) != nullptr &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) == 1 &&
      X509_set_issuer_name(certificate, subject) == 1 && X509_set_pubkey(certificate, key) == 1 &&
      add_extensions(certificate, domain) && X509_sign(certificate, key, EVP_sha256()) > 0;
  return done ? std::move(made) : nullptr;
}

std::string pem_text(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// Written beside it and moved into place: a reader never sees half a file, nor one that others may read.
Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  unlink(beside.c_str());
  const int descriptor = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_error(beside + " cannot be made");
  const bool written = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(descriptor) == 0;
  close(descriptor);
  if (!written || rename(beside.c_str(), path.c_str()) != 0) return system_error(path + " cannot be written");
  return {};
}

}  // namespace

Result<CertificateFiles> development_certificate(const std::string& state_dir, const std::string& domain) {
  const std::string folder = state_dir + "/tls";
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error(folder + ", for the development certificate, cannot be made");
  }
  CertificateFiles files{folder + "/dev-certificate.pem", folder + "/dev-key.pem"};
  if (is_usable(files, domain)) return files;

  const openssl::Key key(EVP_EC_gen("P-256"));
  const openssl::Certificate certificate = key ? make_certificate(key.get(), domain) : nullptr;
  const Bio key_text(BIO_new(BIO_s_mem()));
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Error{"the development certificate cannot be made: " + openssl::take_reason()};
  }
  // A crash between the two leaves a pair that does not match: the next start makes both again.
  if (auto written = write_file(files.key, pem_text(key_text.get())); !written) return written.error();
  if (auto written = write_file(files.certificate, pem_text(certificate_text.get())); !written)
    return written.error();
  return files;
}

}  // namespace hotline
