#include "push/trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/whole_file.h"

namespace hotline {

namespace fs = std::filesystem;

namespace {

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-") ==
             std::string_view::npos;
}

Result<void> make_directory(const std::string& path, fs::perms perms) {
  std::error_code code;
  if (fs::create_directory(path, code)) fs::permissions(path, perms, code);
  if (code) return Error{"cannot make " + path + ": " + code.message()};
  return {};
}

}  // namespace

Result<std::vector<TrustedKey>> TrustStore::keys() const {
  const std::string directory = state_dir_ + "/trusted";
  std::vector<TrustedKey> keys;
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT) return keys;
    return Error{"cannot look at " + directory + ": " + std::strerror(errno)};
  }
  if ((status.st_mode & S_IWOTH) != 0) return Error{directory + " can be written by everybody; chmod o-w it"};
  const Result<PublicKey> development = PublicKey::read(state_dir_ + "/keys/development.pub");
  std::error_code code;
  for (fs::directory_iterator files(directory, code), end; !code && files != end; files.increment(code)) {
    const fs::path& path = files->path();
    if (path.extension() != ".pub") continue;
    Result<PublicKey> key = PublicKey::read(path.string());
    if (!key) return Error{key.error().message + "; or remove it from there"};
    const bool is_development = development && *development == *key;
    keys.push_back({path.stem().string(), *key, is_development});
  }
  if (code) return Error{"cannot list " + directory + ": " + code.message()};
  if (keys.size() > keys_max)
    return Error{directory + " has " + std::to_string(keys.size()) + " keys, more than the " +
                 std::to_string(keys_max) + " that are asked; remove some with `hotline trust remove`"};
  std::ranges::sort(keys, {}, &TrustedKey::name);
  return keys;
}

Result<void> TrustStore::add(const std::string& name, const PublicKey& key) {
  if (!is_key_name(name))
    return Error{"`" + name + "` can not name a key: letters, digits, `.`, `_`, `@` and `-`, at most 64"};
  const Result<std::vector<TrustedKey>> known = keys();
  if (!known) return known.error();
  for (const TrustedKey& other : *known) {
    if (other.key == key) return Error{"this key is trusted already, as " + other.name};
    if (other.name == name)
      return Error{"another key is trusted as " + name + "; remove it first, or give this one another name"};
  }
  if (known->size() >= keys_max)
    return Error{std::to_string(keys_max) + " keys are trusted already; remove one first"};
  if (Result<void> made = make_directory(state_dir_ + "/trusted", fs::perms(0755)); !made) return made;
  return replace_file(state_dir_ + "/trusted/" + name + ".pub", key.pem(), 0644);
}

Result<bool> TrustStore::remove(const std::string& name) {
  if (!is_key_name(name)) return false;
  const std::string path = state_dir_ + "/trusted/" + name + ".pub";
  if (unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return false;
    return Error{"cannot remove " + path + ": " + std::strerror(errno)};
  }
  if (Result<void> synced = sync_directory(state_dir_ + "/trusted"); !synced) return synced.error();
  return true;
}

Result<void> TrustStore::make_development_key() {
  if (access(development_key_path().c_str(), F_OK) == 0) return {};
  if (Result<void> made = make_directory(state_dir_ + "/keys", fs::perms(0700)); !made) return made;
  const SigningKey key = SigningKey::make();
  // The public half first: a start that is cut here is repeated, and trusts no key that nobody has.
  if (Result<void> written = replace_file(state_dir_ + "/keys/development.pub", key.public_key().pem(), 0644);
      !written)
    return written;
  if (Result<bool> removed = remove(development_name); !removed) return removed.error();
  if (Result<void> trusted = add(development_name, key.public_key()); !trusted) return trusted;
  return key.write(development_key_path());
}

Result<SigningKey> TrustStore::development_key() const {
  return SigningKey::read(development_key_path());
}

bool TrustStore::is_development_key(const PublicKey& key) const {
  const Result<PublicKey> its = PublicKey::read(state_dir_ + "/keys/development.pub");
  return its && *its == key;
}

const TrustedKey* signer_of(std::span<const std::byte> bytes, const Signature& signature,
                            std::span<const TrustedKey> keys) {
  for (const TrustedKey& trusted : keys)
    if (trusted.key.has_signed(bytes, signature)) return &trusted;
  return nullptr;
}

}  // namespace hotline
