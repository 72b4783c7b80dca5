#include "policy.h"

#include <algorithm>
#include <array>

namespace hotline::media_link {

namespace {

constexpr std::uint64_t kib = 1'024, mib = 1'024 * kib;

constexpr std::array<Profile, 5> profiles = {{
    {.name = "picture-160",
     .type = "image/jpeg",
     .width_max = 160,
     .height_max = 160,
     .quality = 60,
     .bytes_max = 20 * kib,
     .worth_bytes = 10 * kib},
    {.name = "picture-320",
     .type = "image/jpeg",
     .width_max = 320,
     .height_max = 320,
     .quality = 70,
     .bytes_max = 100 * kib,
     .worth_bytes = 40 * kib},
    {.name = "picture-1280",
     .type = "image/jpeg",
     .width_max = 1'280,
     .height_max = 1'280,
     .quality = 80,
     .bytes_max = mib,
     .worth_bytes = 300 * kib},
    {.name = "video-320",
     .type = "video/3gpp",
     .width_max = 320,
     .height_max = 240,
     .kilobits_per_s_max = 192,
     .bytes_max = 8 * mib,
     .worth_bytes = 300 * kib},
    {.name = "video-640",
     .type = "video/mp4",
     .width_max = 640,
     .height_max = 480,
     .kilobits_per_s_max = 800,
     .bytes_max = 16 * mib,
     .worth_bytes = 2 * mib},
}};

struct Model {
  std::string_view name;
  std::string_view user_agent;  // How it begins.
};
constexpr std::array<Model, 6> models = {{
    {"s40", "Nokia"},
    {"s40", "SeriesS40"},
    {"s60", "SymbianOS"},
    {"bb", "BlackBerry"},
    {"lite", "Mozilla/5.0 (Linux; Android 2"},
    {"lite", "Mozilla/5.0 (Linux; U; Android 2"},
}};

struct Rule {
  std::string_view model, kind;  // "image/"
  std::string_view profile;
};
constexpr std::array<Rule, 8> rules = {{
#ifdef HL_MEDIA_LINK_THRIFTY  // The version after it, for trying out a push.
    {"s40", "image/", "picture-160"},
#else
    {"s40", "image/", "picture-320"},
#endif
    {"s40", "video/", "video-320"},
    {"s60", "image/", "picture-1280"},
    {"s60", "video/", "video-320"},
    {"bb", "image/", "picture-1280"},
    {"bb", "video/", "video-640"},
    {"lite", "image/", "picture-1280"},
    {"lite", "video/", "video-640"},
}};

// The value of `model` in "a=b&model=s40".
std::string_view model_in(std::string_view query) {
  constexpr std::string_view key = "model=";
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.starts_with(key)) return pair.substr(key.size());
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
  }
  return {};
}

}  // namespace

std::string_view model_of(std::string_view query, std::string_view user_agent) {
  const std::string_view said = model_in(query);
  const auto found = std::find_if(models.begin(), models.end(), [&](const Model& model) {
    return said.empty() ? user_agent.starts_with(model.user_agent) : said == model.name;
  });
  return found == models.end() ? std::string_view{} : found->name;
}

const Profile* profile_for(std::string_view model, std::string_view type, std::uint64_t bytes) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& each) {
    return each.model == model && type.starts_with(each.kind);
  });
  const Profile* profile = rule == rules.end() ? nullptr : profile_named(rule->profile);
  return profile == nullptr || bytes < profile->worth_bytes ? nullptr : profile;
}

const Profile* profile_named(std::string_view name) {
  const auto found =
      std::find_if(profiles.begin(), profiles.end(), [&](const Profile& each) { return each.name == name; });
  return found == profiles.end() ? nullptr : &*found;
}

std::string words_for(const Profile& profile, std::string_view type) {
  std::string words(type);
  words.append(" ").append(profile.type);
  for (const std::uint64_t number :
       {std::uint64_t{profile.width_max}, std::uint64_t{profile.height_max}, std::uint64_t{profile.quality},
        std::uint64_t{profile.kilobits_per_s_max}, profile.bytes_max})
    words.append(" ").append(std::to_string(number));
  return words;
}

}  // namespace hotline::media_link
