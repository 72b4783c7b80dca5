// A row of the durable table "push_devices", schema 1: a device of an account that wants to be woken
// (XEP-0357), as its client asked for it.
//
//     key     the push service's address '\n' the node there, which is what the service knows the device by
//     value   ID SINCE_MS '\n' what the client wants to be published with each notification, a JSON object
//
// ID is drawn anew at each request: what a gateway says of an older one is not about this one.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::push_notify {

constexpr std::string_view device_table = "push_devices";

struct DeviceRow {
  std::string_view id;
  std::uint64_t since_ms = 0;
  std::string_view options;

  std::string encode() const {
    std::string out(id);
    return out.append(1, ' ').append(std::to_string(since_ms)).append(1, '\n').append(options);
  }
  // Views into `text`.
  static std::optional<DeviceRow> decode(std::string_view text) {
    const std::size_t space = text.find(' '), line_end = text.find('\n');
    if (space == std::string_view::npos || line_end == std::string_view::npos || space > line_end)
      return std::nullopt;
    DeviceRow row{text.substr(0, space), 0, text.substr(line_end + 1)};
    const auto read = std::from_chars(text.data() + space + 1, text.data() + line_end, row.since_ms);
    const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + line_end;
    if (!is_whole || row.id.empty() || !row.options.starts_with('{') || !row.options.ends_with('}'))
      return std::nullopt;
    return row;
  }
};

}  // namespace hotline::push_notify
