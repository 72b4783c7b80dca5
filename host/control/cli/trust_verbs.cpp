#include <filesystem>
#include <fstream>

#include "cli/table.h"
#include "cli/verbs.h"
#include "push/image.h"
#include "push/trust.h"
#include "push/verify.h"

namespace hotline::cli {
namespace {

constexpr std::size_t fingerprint_shown = 16;
constexpr std::uint64_t signed_bytes_max = 512u << 20;  // A program of the host's is larger than a module.

// Where keys are trusted: these verbs work on the state directory itself, with or without a running host.
std::optional<TrustStore> trust_store(const Context& context, Exit& exit) {
  const std::string state_dir = choose_state_dir(context.state);
  if (const std::string forbidden = forbidden_text(state_dir); !forbidden.empty()) {
    exit = context.fail(Exit::failed, forbidden);
    return std::nullopt;
  }
  std::error_code ignored;
  if (!state_dir.empty() && std::filesystem::is_directory(state_dir, ignored)) return TrustStore(state_dir);
  exit = context.fail(Exit::usage, state_dir.empty()
                                       ? "which host? Give --state DIR, the directory it is started with"
                                       : "no directory " + state_dir + "; make it, or start the host once");
  return std::nullopt;
}

std::string with_suffix(std::string path, std::string_view suffix) {
  if (!path.ends_with(suffix)) path += suffix;
  return path;
}

std::string short_print(const std::string& fingerprint) {
  return fingerprint.substr(0, fingerprint_shown);
}

}  // namespace

Exit make_key(Context& context, const std::string& file) {
  const std::string private_file = with_suffix(file, ".key");
  const std::string public_file = private_file.substr(0, private_file.size() - 4) + ".pub";
  std::error_code ignored;  // What may not be looked at is not made there either, and that is told.
  if (std::filesystem::exists(private_file, ignored) || std::filesystem::exists(public_file, ignored))
    return context.fail(Exit::failed, private_file + " or " + public_file +
                                          " is there already: nothing was made; give another name");
  const SigningKey key = SigningKey::make();
  if (Result<void> written = key.write(private_file); !written)
    return context.fail(Exit::failed, written.error().message);
  std::ofstream out(public_file);
  out << key.public_key().pem();
  if (!out.flush()) return context.fail(Exit::failed, "cannot write " + public_file);
  const std::string fingerprint = key.public_key().fingerprint();
  if (context.wants_json) {
    context.print_json({{"key", private_file}, {"public", public_file}, {"fingerprint", fingerprint}});
  } else {
    context.out << "made " << printable(private_file) << " (keep it to yourself) and "
                << printable(public_file) << ", fingerprint " << short_print(fingerprint)
                << "\nA host trusts it after `hotline trust add " << printable(public_file) << "`.\n";
  }
  return Exit::done;
}

Exit sign_files(Context& context, const SignWish& wish) {
  std::string key_file = wish.key;
  if (key_file.empty()) {
    const std::string state_dir = choose_state_dir(context.state);
    if (state_dir.empty())
      return context.fail(Exit::usage,
                          "with which key? Give --key FILE, or with --state DIR a host whose development key "
                          "is meant");
    if (const std::string forbidden = forbidden_text(state_dir); !forbidden.empty())
      return context.fail(Exit::failed, forbidden);
    key_file = TrustStore(state_dir).development_key_path();
    std::error_code ignored;
    if (!std::filesystem::exists(key_file, ignored))
      return context.fail(Exit::failed, "no --key was given, and the host on " + state_dir +
                                            " has no development key (`push.allow_development_key`): give "
                                            "--key FILE; `hotline keygen NAME` makes one");
  }
  Result<SigningKey> key = SigningKey::read(key_file);
  if (!key) return context.fail(Exit::failed, key.error().message);
  nlohmann::json signed_files = nlohmann::json::array();
  for (const std::string& file : wish.files) {
    const Result<Image> image = Image::read(file, signed_bytes_max);
    if (!image) return context.fail(Exit::failed, image.error().message);
    const Signature signature = key->sign(image->bytes());
    std::ofstream out(file + ".sig", std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(signature.data()),
              static_cast<std::streamsize>(signature.size()));
    if (!out.flush()) return context.fail(Exit::failed, "cannot write " + file + ".sig");
    signed_files.push_back({{"file", file}, {"signature", file + ".sig"}, {"sha256", image->digest()}});
    if (!context.wants_json)
      context.out << "signed " << printable(file) << " in " << printable(file) << ".sig\n";
  }
  if (context.wants_json)
    context.print_json({{"signed", signed_files}, {"fingerprint", key->public_key().fingerprint()}});
  return Exit::done;
}

Exit verify_file(Context& context, const VerifyWish& wish) {
  std::vector<TrustedKey> keys;
  if (!wish.key.empty()) {
    Result<PublicKey> key = PublicKey::read(wish.key);
    if (!key) return context.fail(Exit::failed, key.error().message);
    keys.push_back({std::filesystem::path(wish.key).stem().string(), *key, false});
  } else {
    Exit exit = Exit::done;
    const std::optional<TrustStore> store = trust_store(context, exit);
    if (!store) return exit;
    Result<std::vector<TrustedKey>> trusted = store->keys();
    if (!trusted) return context.fail(Exit::failed, trusted.error().message);
    keys = std::move(*trusted);
  }
  const Result<Image> image = Image::read(wish.file, signed_bytes_max);
  if (!image) return context.fail(Exit::failed, image.error().message);
  const Result<std::optional<Signature>> signature = read_signature_of(wish.file);
  if (!signature) return context.fail(Exit::failed, signature.error().message);
  if (!*signature)
    return context.fail(Exit::failed,
                        wish.file + " is not signed: no " + wish.file + ".sig; see `hotline sign`");
  const TrustedKey* signer = signer_of(image->bytes(), **signature, keys);
  if (signer == nullptr)
    return context.fail(Exit::failed,
                        "none of the " + std::to_string(keys.size()) + " keys that are asked has signed " +
                            wish.file +
                            " as it is: it was changed, the .sig is another file's, or its signer "
                            "is not trusted");
  if (context.wants_json) {
    context.print_json({{"file", wish.file},
                        {"signer", signer->name},
                        {"fingerprint", signer->key.fingerprint()},
                        {"is_development", signer->is_development},
                        {"sha256", image->digest()}});
  } else {
    context.out << printable(wish.file) << " is signed by " << printable(signer->name) << " ("
                << short_print(signer->key.fingerprint()) << ")"
                << (signer->is_development ? ", a development key" : "") << "; SHA-256 " << image->digest()
                << '\n';
  }
  return Exit::done;
}

Exit trust_key(Context& context, const TrustWish& wish) {
  Exit exit = Exit::done;
  std::optional<TrustStore> store = trust_store(context, exit);
  if (!store) return exit;
  Result<PublicKey> key = PublicKey::read(wish.file);
  if (!key) return context.fail(Exit::failed, key.error().message);
  const std::string name = wish.name.empty() ? std::filesystem::path(wish.file).stem().string() : wish.name;
  if (name == TrustStore::development_name && !store->is_development_key(*key))
    return context.fail(Exit::usage, wish.file +
                                         " is not this host's own key, which is called `development`; give "
                                         "this one another name: --name NAME");
  if (Result<void> added = store->add(name, *key); !added)
    return context.fail(Exit::failed, added.error().message);
  if (context.wants_json)
    context.print_json({{"name", name}, {"fingerprint", key->fingerprint()}});
  else
    context.out << printable(name) << " is trusted (" << short_print(key->fingerprint())
                << "): what it signs may be pushed\n";
  return Exit::done;
}

Exit distrust_key(Context& context, const std::string& name) {
  Exit exit = Exit::done;
  std::optional<TrustStore> store = trust_store(context, exit);
  if (!store) return exit;
  Result<bool> removed = store->remove(name);
  if (!removed) return context.fail(Exit::failed, removed.error().message);
  if (!*removed)
    return context.fail(Exit::failed, "no key of that name is trusted; see `hotline trust list`");
  if (context.wants_json)
    context.print_json({{"name", name}});
  else
    context.out << printable(name) << " is not trusted any more. What it has signed keeps running until the "
                << "next start, which refuses it: push what another key has signed before that.\n";
  return Exit::done;
}

Exit list_trusted(Context& context) {
  Exit exit = Exit::done;
  const std::optional<TrustStore> store = trust_store(context, exit);
  if (!store) return exit;
  const Result<std::vector<TrustedKey>> keys = store->keys();
  if (!keys) return context.fail(Exit::failed, keys.error().message);
  if (context.wants_json) {
    nlohmann::json list = nlohmann::json::array();
    for (const TrustedKey& key : *keys)
      list.push_back({{"name", key.name},
                      {"fingerprint", key.key.fingerprint()},
                      {"is_development", key.is_development}});
    context.print_json({{"keys", list}});
    return Exit::done;
  }
  if (keys->empty()) context.out << "no key is trusted\n";
  Table table({{"key", left}, {"fingerprint", left}, {"note", left}});
  for (const TrustedKey& key : *keys)
    table.add({key.name, short_print(key.key.fingerprint()),
               key.is_development ? "development: the host's own, for trying things" : ""});
  table.print(context.out);
  return Exit::done;
}

}  // namespace hotline::cli
