// Policy: which client model gets a file as what. A table, and nothing else: to change it, change policy.cpp
// and push the module; the files that were made by the old one are left to their time, since profiles' names
// are in theirs.
//
// A client's model is what its link says (`?model=s40`), else what its User-Agent begins with. Who is not in
// the table gets files as they were put. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hotline::media_link {

// What a file becomes. Caps are of the profile's type: for the program they are arguments, and a file that is
// larger than `bytes_max` all the same is not given.
struct Profile {
  std::string_view name;  // Another name where anything else of it changes: it is what is kept for.
  std::string_view type;  // "image/jpeg"
  std::uint32_t width_max = 0, height_max = 0;
  std::uint32_t quality = 0;             // Of pictures, of 100; 0: the program's.
  std::uint32_t kilobits_per_s_max = 0;  // Of sound and video, together; 0: the program's.
  std::uint64_t bytes_max = 0;
  std::uint64_t worth_bytes = 0;  // A smaller file is given as it is.
};

// "s40"; empty: none that is known.
std::string_view model_of(std::string_view query, std::string_view user_agent);

// nullptr: as it is.
const Profile* profile_for(std::string_view model, std::string_view type, std::uint64_t bytes);
// The same by its name; nullptr: of another generation's table.
const Profile* profile_named(std::string_view name);

// For the program: "image/png image/jpeg 320 320 70 0 102400", what it is and then what it shall be.
std::string words_for(const Profile& profile, std::string_view type);

}  // namespace hotline::media_link
