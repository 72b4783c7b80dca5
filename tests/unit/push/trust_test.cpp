#include "push/trust.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "push/verify.h"
#include "unit/push/fixtures.h"

using namespace hotline;
using namespace hotline::test;

namespace {

struct Files {
  ScratchDirectory directory;
  TrustStore store{directory.path()};
  Image good = *Image::read(fixture("good"));

  TrustedKey trust(const std::string& name, const SigningKey& key) {
    REQUIRE(store.add(name, key.public_key()));
    return {name, key.public_key(), false};
  }
  VerifyReport verified(const std::optional<Signature>& signature, const Image& image,
                        bool allows_development = true) {
    VerifyPolicy policy = VerifyPolicy::of_host({"hotline.log/1"});
    policy.requires_signature = true;
    policy.allows_development_key = allows_development;
    policy.trusted = *store.keys();
    return verify(image, policy, {.name = {}, .fingerprint = {}, .signature = signature});
  }
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("signing: a signature holds for its bytes and its key, and for no other") {
  const SigningKey anna = SigningKey::make(), bert = SigningKey::make();
  const std::vector<std::byte> bytes = to_bytes("what was signed");
  const Signature signature = anna.sign(bytes);
  CHECK(anna.public_key().has_signed(bytes, signature));
  CHECK_FALSE(bert.public_key().has_signed(bytes, signature));
  CHECK_FALSE(anna.public_key().has_signed(to_bytes("what was signeD"), signature));
  CHECK(signature_of_hex(hex_of(signature)) == signature);
  CHECK_FALSE(signature_of_hex("00").has_value());
}

TEST_CASE("signing: keys survive their files, and a private one that others may read is refused") {
  const ScratchDirectory directory;
  const std::string file = directory.path() + "/anna.key";
  const SigningKey anna = SigningKey::make();
  REQUIRE(anna.write(file));
  CHECK_FALSE(anna.write(file));  // Never over another.
  const Result<SigningKey> read = SigningKey::read(file);
  REQUIRE(read);
  CHECK(read->public_key() == anna.public_key());
  CHECK(*PublicKey::parse_pem(anna.public_key().pem()) == anna.public_key());

  chmod(file.c_str(), 0644);
  const Result<SigningKey> open = SigningKey::read(file);
  REQUIRE_FALSE(open);
  CHECK(says(open.error().message, "chmod 600"));
  std::ofstream(directory.path() + "/anna.pub") << anna.public_key().pem();
  CHECK(says(SigningKey::read(directory.path() + "/anna.pub").error().message, "is a public key"));
  const Result<PublicKey> given_away = PublicKey::read(file);
  REQUIRE_FALSE(given_away);
  CHECK(says(given_away.error().message, "private key"));
}

TEST_CASE("verify: what a trusted key has signed is accepted, and who it was is known") {
  Files files;
  const SigningKey anna = SigningKey::make();
  files.trust("anna", anna);
  const VerifyReport report = files.verified(anna.sign(files.good.bytes()), files.good);
  CHECK_MESSAGE(report.is_accepted(), report.refusal_text());
  CHECK(report.signed_by.name == "anna");
  CHECK(report.signed_by.fingerprint == anna.public_key().fingerprint());
}

TEST_CASE("verify: unsigned, flipped, another file's and an untrusted key's signature are each refused") {
  Files files;
  const SigningKey anna = SigningKey::make(), mallory = SigningKey::make();
  files.trust("anna", anna);
  CHECK(says(files.verified(std::nullopt, files.good).refusal_text(), "it is not signed"));

  std::vector<std::byte> flipped(files.good.bytes().begin(), files.good.bytes().end());
  flipped[flipped.size() / 2] ^= std::byte{1};
  const Signature signature = anna.sign(files.good.bytes());
  CHECK(says(files.verified(signature, Image::of("flipped.so", flipped)).refusal_text(),
             "no key that this host"));

  const Image other = *Image::read(fixture("good_patch", "good-1.0.1"));
  CHECK(says(files.verified(signature, other).refusal_text(), "no key that this host"));
  CHECK(says(files.verified(mallory.sign(files.good.bytes()), files.good).refusal_text(),
             "no key that this host"));

  REQUIRE(*files.store.remove("anna"));
  CHECK(says(files.verified(signature, files.good).refusal_text(), "no key that this host"));
}

TEST_CASE("trust: the development key is made once, and forbidden under any name") {
  Files files;
  REQUIRE(files.store.make_development_key());
  const Result<SigningKey> key = files.store.development_key();
  REQUIRE(key);
  REQUIRE(files.store.make_development_key());
  CHECK(files.store.development_key()->public_key() == key->public_key());
  const std::vector<TrustedKey> trusted = *files.store.keys();
  REQUIRE(trusted.size() == 1);
  CHECK((trusted[0].is_development && trusted[0].name == "development"));

  const Signature signature = key->sign(files.good.bytes());
  CHECK(files.verified(signature, files.good).is_accepted());
  CHECK(says(files.verified(signature, files.good, false).refusal_text(), "push.allow_development_key"));
  std::filesystem::rename(files.directory.path() + "/trusted/development.pub",
                          files.directory.path() + "/trusted/release.pub");
  CHECK(says(files.verified(signature, files.good, false).refusal_text(), "push.allow_development_key"));
}

TEST_CASE("trust: a key is added once, under a name that is a file's, and can be removed") {
  Files files;
  const SigningKey anna = SigningKey::make();
  files.trust("anna", anna);
  CHECK_FALSE(files.store.add("anna", SigningKey::make().public_key()));
  CHECK(says(files.store.add("berta", anna.public_key()).error().message, "already, as anna"));
  CHECK_FALSE(files.store.add("../anna", SigningKey::make().public_key()));
  CHECK_FALSE(*files.store.remove("bert"));

  std::ofstream(files.directory.path() + "/trusted/odd.pub") << "no key";
  const Result<std::vector<TrustedKey>> keys = files.store.keys();
  REQUIRE_FALSE(keys);
  CHECK(says(keys.error().message, "odd.pub"));
}

TEST_CASE("verify: a file of the running set whose key is not trusted any more says whose it was") {
  Files files;
  const SigningKey anna = SigningKey::make();
  VerifyPolicy policy = VerifyPolicy::of_host({"hotline.log/1"});
  policy.requires_signature = true;
  const SignedBy before{"anna", anna.public_key().fingerprint(), anna.sign(files.good.bytes())};
  const std::string words = verify(files.good, policy, before).refusal_text();
  CHECK(says(words, "signed by anna"));
  CHECK(says(words, "trust add anna.pub`"));

  // The modules of a first start are mostly of the development key, too: they are no way back from it.
  const SigningKey own = SigningKey::make();
  policy.state_dir = "/srv/hotline";
  const SignedBy by_host{"development", own.public_key().fingerprint(), own.sign(files.good.bytes())};
  const std::string ways = verify(files.good, policy, by_host).refusal_text();
  CHECK_MESSAGE(says(ways, "trust add /srv/hotline/keys/development.pub`"), ways);
  CHECK(says(ways, "sign the modules of `modules_dir`"));
}

TEST_CASE("verify: an unsigned file is told of the host's own key, where that is not trusted") {
  Files files;
  VerifyPolicy policy = VerifyPolicy::of_host({"hotline.log/1"});
  policy.requires_signature = true;
  policy.state_dir = files.directory.path();
  const std::string words = verify(files.good, policy).refusal_text();
  CHECK(says(words, "the development key that this host would sign it with is not trusted"));
  CHECK(says(words, "hotline sign --key FILE"));
  policy.allows_development_key = false;
  CHECK_FALSE(says(verify(files.good, policy).refusal_text(), "development key"));
}
