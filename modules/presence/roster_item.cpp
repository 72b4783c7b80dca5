#include "roster_item.h"

namespace hotline::presence {

namespace {
constexpr char separator = '\x1f';
}

std::string RosterItem::encode() const {
  std::string row(1, static_cast<char>('0' + static_cast<int>(state)));
  if (is_listed) row.append(1, 'l');
  if (is_approved) row.append(1, 'a');
  row.append(1, separator).append(name).append(1, separator).append(request);
  for (const std::string& group : groups) row.append(1, separator).append(group);
  return row;
}

std::optional<RosterItem> RosterItem::decode(std::string_view row) {
  if (row.empty() || row.front() < '0' || row.front() >= '0' + state_count) return std::nullopt;
  RosterItem item;
  item.state = state_of_row(row);
  std::vector<std::string> fields;
  while (true) {
    const std::size_t end = row.find(separator);
    fields.emplace_back(row.substr(0, end));
    if (end == std::string_view::npos) break;
    row.remove_prefix(end + 1);
  }
  if (fields.size() < 3) return std::nullopt;
  item.is_listed = fields[0].find('l') != std::string::npos;
  item.is_approved = fields[0].find('a') != std::string::npos;
  item.name = std::move(fields[1]);
  item.request = std::move(fields[2]);
  for (std::size_t i = 3; i < fields.size(); ++i) item.groups.push_back(std::move(fields[i]));
  return item;
}

}  // namespace hotline::presence
