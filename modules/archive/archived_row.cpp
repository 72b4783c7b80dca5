#include "archived_row.h"

namespace hotline::archive {

namespace {

#ifdef HL_ARCHIVE_SCHEMA_2
constexpr std::uint32_t schema_written = 2;
#else
constexpr std::uint32_t schema_written = 1;
#endif
constexpr std::size_t mark_size = 2;

std::string_view mark_of(std::string_view message) {
  return message.find("<encrypted ") == std::string_view::npos ? "- " : "e ";
}

std::optional<ArchivedRow> read(std::string_view row) {
  const std::size_t line_end = row.find('\n');
  if (line_end == std::string_view::npos || line_end == 0) return std::nullopt;
  const ArchivedRow found{row.substr(0, line_end), row.substr(line_end + 1)};
  const bool is_whole = found.message.starts_with("<message") && found.message.ends_with("</message>");
  return is_whole ? std::optional(found) : std::nullopt;
}

std::optional<ArchivedRow> read_marked(std::string_view row) {
  if (row.size() < mark_size) return std::nullopt;
  const std::optional<ArchivedRow> unmarked = read(row.substr(mark_size));
  return unmarked && row.starts_with(mark_of(unmarked->message)) ? unmarked : std::nullopt;
}

}  // namespace

std::string ArchivedRow::encode() const {
  std::string row(schema_written == 1 ? std::string_view{} : mark_of(message));
  return row.append(peer).append(1, '\n').append(message);
}

std::optional<ArchivedRow> ArchivedRow::decode(std::string_view row) {
  return schema_written == 1 ? read(row) : read_marked(row);
}

std::optional<std::string> ArchivedRow::convert(std::uint32_t from, std::uint32_t to, std::string_view row) {
  if (from == 1 && to == 2) {
    const std::optional<ArchivedRow> unmarked = read(row);
    return unmarked ? std::optional(std::string(mark_of(unmarked->message)).append(row)) : std::nullopt;
  }
  if (from == 2 && to == 1 && read_marked(row)) return std::string(row.substr(mark_size));
  return std::nullopt;
}

}  // namespace hotline::archive
