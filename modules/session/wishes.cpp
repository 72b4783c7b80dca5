#include "session/wishes.h"

#include "session/fields.h"
#include "session/stream_management.h"

namespace hotline::session {

using namespace hotline::sdk;

namespace {

// Neither has a bound in its specification, so we set them.
constexpr std::size_t client_size_max = 128;
constexpr std::size_t tag_size_max = 64;
constexpr std::size_t previous_size_max = 128;

namespace flag {
constexpr unsigned binds = 1;
constexpr unsigned carbons = 2;
constexpr unsigned inactive = 4;
constexpr unsigned sm = 8;
constexpr unsigned resumption = 16;
constexpr unsigned resumes = 32;
constexpr unsigned has_token = 64;
constexpr unsigned ends_token = 128;
}  // namespace flag

void append_number(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.append(1, static_cast<char>(number >> shift));
}
std::uint32_t number_in(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

void read_bind(const Element& bind, Wishes& wishes) {
  wishes.binds = true;
  const std::string_view tag = bind.child("tag", bind2_ns).text();
  if (tag.size() <= tag_size_max) wishes.tag = tag;
  wishes.wants_carbons = static_cast<bool>(bind.child("enable", carbons_ns));
  wishes.is_inactive = static_cast<bool>(bind.child("inactive", client_state_ns));
  const Element enable = bind.child("enable", sm_ns);
  wishes.wants_sm = static_cast<bool>(enable);
  wishes.wants_resumption = is_true(enable.attr("resume"));
  wishes.resume_s = count_of(enable.attr("max")).value_or(UINT32_MAX);
}

}  // namespace

std::optional<Wishes> Wishes::read(const Element& authenticate) {
  Wishes wishes;
  wishes.client = authenticate.child("user-agent").attr("id");
  if (wishes.client.size() > client_size_max) return std::nullopt;
  if (const Element bind = authenticate.child("bind", bind2_ns)) read_bind(bind, wishes);
  if (const Element resume = authenticate.child("resume", sm_ns)) {
    const std::optional<std::uint32_t> h = count_of(resume.attr("h"));
    wishes.previous = resume.attr("previd");
    if (!h || wishes.previous.empty() || wishes.previous.size() > previous_size_max) return std::nullopt;
    wishes.resumes = true;
    wishes.handled = *h;
  }
  // A mechanism that nobody here knows is a wish that cannot be had: the login goes on without a token.
  if (const Element wanted = authenticate.child("request-token", fast_ns))
    wishes.wants_token = fast::kind_of(wanted.attr("mechanism"));
  const Element used = authenticate.child("fast", fast_ns);
  wishes.has_token = static_cast<bool>(used);
  wishes.ends_token = is_true(used.attr("invalidate"));
  return wishes;
}

std::string Wishes::encode() const {
  const unsigned flags = (binds ? flag::binds : 0u) | (wants_carbons ? flag::carbons : 0u) |
                         (is_inactive ? flag::inactive : 0u) | (wants_sm ? flag::sm : 0u) |
                         (wants_resumption ? flag::resumption : 0u) | (resumes ? flag::resumes : 0u) |
                         (has_token ? flag::has_token : 0u) | (ends_token ? flag::ends_token : 0u);
  std::string out(1, static_cast<char>(flags));
  out.append(1, wants_token ? static_cast<char>(*wants_token) : '0');
  append_number(out, resume_s);
  append_number(out, handled);
  for (const std::string_view field : {client, tag, previous}) append_field(out, field);
  return out;
}

std::optional<Wishes> Wishes::decode(std::string_view bytes) {
  constexpr std::size_t head_size = 2 + 4 + 4;
  if (bytes.size() < head_size) return std::nullopt;
  Wishes wishes;
  const auto flags = static_cast<unsigned char>(bytes[0]);
  wishes.binds = (flags & flag::binds) != 0;
  wishes.wants_carbons = (flags & flag::carbons) != 0;
  wishes.is_inactive = (flags & flag::inactive) != 0;
  wishes.wants_sm = (flags & flag::sm) != 0;
  wishes.wants_resumption = (flags & flag::resumption) != 0;
  wishes.resumes = (flags & flag::resumes) != 0;
  wishes.has_token = (flags & flag::has_token) != 0;
  wishes.ends_token = (flags & flag::ends_token) != 0;
  if (bytes[1] != '0') wishes.wants_token = static_cast<fast::Kind>(bytes[1]);
  wishes.resume_s = number_in(bytes.substr(2, 4));
  wishes.handled = number_in(bytes.substr(6, 4));
  bytes.remove_prefix(head_size);
  for (std::string_view* field : {&wishes.client, &wishes.tag, &wishes.previous}) {
    const auto taken = take_field(bytes);
    if (!taken) return std::nullopt;
    *field = *taken;
  }
  return wishes;
}

}  // namespace hotline::session
