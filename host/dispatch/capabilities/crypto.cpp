// hotline.crypto/1: digests, PBKDF2 off the loop, string preparation. OpenSSL's and libidn's arithmetic.
#include "hotline/cap/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stringprep.h>

#include <algorithm>

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"

namespace hotline {
namespace {

constexpr std::uint32_t iterations_max = 1'000'000;
constexpr std::size_t prepared_bytes_max = 1'023;

const EVP_MD* digest_of(int32_t digest) {
  return digest == HL_DIGEST_SHA1 ? EVP_sha1() : digest == HL_DIGEST_SHA256 ? EVP_sha256() : nullptr;
}
const unsigned char* bytes(hl_str text) {
  return reinterpret_cast<const unsigned char*>(text.data);
}

hl_status digest(const hl_host*, int32_t which, hl_str data, void* out) {
  const EVP_MD* method = digest_of(which);
  if (method == nullptr) return HL_E_INVALID;
  return EVP_Digest(data.data, data.size, static_cast<unsigned char*>(out), nullptr, method, nullptr) == 1
             ? HL_OK
             : HL_E_INVALID;
}

hl_status hmac(const hl_host*, int32_t which, hl_str key, hl_str data, void* out) {
  const EVP_MD* method = digest_of(which);
  if (method == nullptr) return HL_E_INVALID;
  static const unsigned char empty = 0;  // A NULL key would mean "the previous one".
  return HMAC(method, key.size == 0 ? &empty : bytes(key), static_cast<int>(key.size), bytes(data), data.size,
              static_cast<unsigned char*>(out), nullptr) != nullptr
             ? HL_OK
             : HL_E_INVALID;
}

int32_t equal(const hl_host*, hl_str a, hl_str b) {
  return a.size == b.size && CRYPTO_memcmp(a.data, b.data, a.size) == 0 ? 1 : 0;
}

// A password in the hands of the work pool: wiped when it is done with.
struct Derivation {
  const EVP_MD* method = nullptr;
  std::string password, salt, account, token;
  std::uint32_t iterations = 0;
  std::uint16_t module = 0;
  std::uint32_t set = 0;
  ~Derivation() { OPENSSL_cleanse(password.data(), password.size()); }

  void run(ShardWorld& world) {
    Post post;
    post.kind = Post::Kind::work;
    post.module = module;
    post.set = set;
    post.address(account);
    post.extra = std::make_unique<Post::Extra>();
    post.extra->token = std::move(token);
    post.extra->text.resize(static_cast<std::size_t>(EVP_MD_get_size(method)));
    const int done =
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                          static_cast<int>(iterations), method, static_cast<int>(post.extra->text.size()),
                          reinterpret_cast<unsigned char*>(post.extra->text.data()));
    post.extra->status = done == 1 ? HL_OK : HL_E_INVALID;
    world.hand_in(std::move(post));
  }
};

hl_status pbkdf2(const hl_host* host, int32_t which, hl_str password, hl_str salt, uint32_t iterations,
                 hl_str account, hl_str token) {
  ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  const EVP_MD* method = digest_of(which);
  if (method == nullptr || iterations == 0 || iterations > iterations_max) return HL_E_INVALID;
  auto derivation = std::make_shared<Derivation>();
  derivation->method = method;
  derivation->password = from_str(password);
  derivation->salt = from_str(salt);
  derivation->iterations = iterations;
  derivation->account = from_str(account);
  derivation->token = from_str(token);
  derivation->module = context.module;
  derivation->set = context.shard.calls.serving().number;
  ShardWorld& world = context.shard.world;
  if (!world.work_pool->has_room()) return HL_E_FULL;
  transaction->add_work([&world, derivation] {
    // The pool may have filled up within this turn: what was promised is then done here.
    if (!world.work_pool->submit([&world, derivation] { derivation->run(world); })) derivation->run(world);
  });
  return HL_OK;
}

// The common case needs no preparation: lower-case ASCII without what the profiles forbid or map.
bool is_plain(int32_t profile, std::string_view text) {
  return std::all_of(text.begin(), text.end(), [profile](char c) {
    if (profile == HL_PREPARE_RESOURCE || profile == HL_PREPARE_PASSWORD) return c >= 0x20 && c < 0x7f;
    if (profile == HL_PREPARE_DOMAIN)
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    return c > 0x20 && c < 0x7f && !(c >= 'A' && c <= 'Z') &&
           std::string_view("\"&'/:<>@").find(c) == std::string_view::npos;
  });
}

hl_status prepare(const hl_host* host, int32_t profile, hl_str text, hl_str* out) {
  Transaction* transaction = open_transaction(ModuleContext::of(host));
  if (transaction == nullptr) return HL_E_DENIED;
  const std::string_view raw = from_str(text);
  if (raw.empty() || raw.size() > prepared_bytes_max) return HL_E_INVALID;
  if (is_plain(profile, raw)) {
    *out = to_str(transaction->keep_text(raw));
    return HL_OK;
  }
  const Stringprep_profile* tables = nullptr;
  switch (profile) {
    case HL_PREPARE_NODE: tables = stringprep_xmpp_nodeprep; break;
    case HL_PREPARE_DOMAIN: tables = stringprep_nameprep; break;
    case HL_PREPARE_RESOURCE: tables = stringprep_xmpp_resourceprep; break;
    case HL_PREPARE_PASSWORD: tables = stringprep_saslprep; break;
    default: return HL_E_INVALID;
  }
  std::string buffer(raw);
  if (buffer.find('\0') != std::string::npos) return HL_E_INVALID;
  buffer.resize(prepared_bytes_max * 4 + 1, '\0');
  if (stringprep(buffer.data(), buffer.size(), static_cast<Stringprep_profile_flags>(0), tables) !=
      STRINGPREP_OK)
    return HL_E_INVALID;
  buffer.resize(buffer.find('\0'));
  if (buffer.empty() || buffer.size() > prepared_bytes_max) return HL_E_INVALID;
  *out = to_str(transaction->keep_text(buffer));
  return HL_OK;
}

constexpr hl_cap_crypto crypto_table{
    sizeof(hl_cap_crypto), 0, host_side<digest>, host_side<hmac>, host_side<equal>, host_side<pbkdf2>,
    host_side<prepare>};

}  // namespace

const Capability crypto_capability{HL_CAP_CRYPTO, &crypto_table};

}  // namespace hotline
