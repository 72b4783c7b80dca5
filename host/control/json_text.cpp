#include "control/json_text.h"

#include <cctype>
#include <iterator>
#include <vector>

namespace hotline {
namespace {

using nlohmann::json;

// Characters of the text, counting lines as the parser takes them. The parser reads one character
// past a number, so what counts is the line of the last character that is not a space.
class LineCountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineCountingIterator(const char* at, int* line) : at_(at), line_(line) {}

  reference operator*() const { return *at_; }
  LineCountingIterator& operator++() {
    if (*at_ == '\n') {
      ++newlines_;
    } else if (std::isspace(static_cast<unsigned char>(*at_)) == 0) {
      *line_ = 1 + newlines_;
    }
    ++at_;
    return *this;
  }
  LineCountingIterator operator++(int) {
    const LineCountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineCountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const LineCountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  int* line_;
  int newlines_ = 0;
};

// Builds the value from the parser's events, and refuses what a tolerant reader would let pass.
class Builder final : public nlohmann::json_sax<json> {
 public:
  Builder(const int* line, std::map<std::string, int, std::less<>>* lines) : line_(line), lines_(lines) {}

  json take_value() { return std::move(root_); }
  int error_line() const { return error_line_; }
  const std::string& error() const { return error_; }

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return add(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return add(value) != nullptr; }
  bool string(string_t& value) override { return add(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return refuse("binary values are no JSON text"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (level.value->contains(name)) return refuse("the key `" + name + "` stands there twice");
    level.key = std::move(name);
    level.key_line = *line_;
    return true;
  }

  bool parse_error(std::size_t, const std::string& last_token,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: what"
    std::string what = error.what();
    error_line_ = *line_;
    const std::size_t line_at = what.find("at line ");
    if (line_at != std::string::npos) {
      error_line_ = std::atoi(what.c_str() + line_at + 8);
      const std::size_t colon = what.find(": ", line_at);
      if (colon != std::string::npos) what.erase(0, colon + 2);
    } else if (const std::size_t bracket = what.find("] "); bracket != std::string::npos) {
      what.erase(0, bracket + 2);
    }
    if (last_token.ends_with('}') || last_token.ends_with(']'))
      what += " (is there a comma too many before it?)";
    error_ = what;
    return false;
  }

 private:
  struct Level {
    json* value;
    std::string path;
    std::string key;  // Of the member that comes next.
    int key_line = 0;
  };

  bool refuse(std::string message) {
    error_ = std::move(message);
    error_line_ = *line_;
    return false;
  }

  bool open(json value) {
    if (levels_.size() >= json_depth_max) {
      return refuse("values are nested deeper than " + std::to_string(json_depth_max) + " levels");
    }
    std::string path;
    json* const placed = add(std::move(value), &path);
    levels_.push_back({placed, std::move(path), {}, 0});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  json* add(json value, std::string* path_out = nullptr) {
    std::string path;
    int line = *line_;
    json* placed = nullptr;
    if (levels_.empty()) {
      root_ = std::move(value);
      placed = &root_;
    } else {
      Level& level = levels_.back();
      if (level.value->is_array()) {
        if (lines_ != nullptr) path = json_element_path(level.path, level.value->size());
        placed = &level.value->emplace_back(std::move(value));
      } else {
        if (lines_ != nullptr) path = json_member_path(level.path, level.key);
        line = level.key_line;
        placed = &(*level.value)[level.key];
        *placed = std::move(value);
      }
    }
    if (lines_ != nullptr) lines_->emplace(path, line);
    if (path_out != nullptr) *path_out = std::move(path);
    return placed;
  }

  const int* line_;
  std::map<std::string, int, std::less<>>* lines_;
  json root_;
  // Pointers into containers below: only the last container grows, and what lies in it is closed by then.
  std::vector<Level> levels_;
  std::string error_;
  int error_line_ = 0;
};

}  // namespace

int JsonDocument::line(std::string_view path) const {
  for (;;) {
    if (const auto found = lines.find(path); found != lines.end()) return found->second;
    const std::size_t end = path.find_last_of(".[");
    if (end == std::string_view::npos) return path.empty() ? 1 : line("");
    path = path.substr(0, end);
  }
}

std::string json_member_path(std::string_view parent, std::string_view key) {
  std::string path(parent);
  if (!path.empty()) path += '.';
  return path.append(key);
}

std::string json_element_path(std::string_view parent, std::size_t index) {
  return std::string(parent) + "[" + std::to_string(index) + "]";
}

Result<JsonDocument> parse_json_file(std::string_view text, std::string_view file) {
  JsonDocument document;
  int line = 1;
  Builder builder(&line, &document.lines);
  const LineCountingIterator begin(text.data(), &line);
  const LineCountingIterator end(text.data() + text.size(), &line);
  if (!json::sax_parse(begin, end, &builder, json::input_format_t::json, true, true)) {
    return Error{std::string(file) + ":" + std::to_string(builder.error_line()) + ": " + builder.error()};
  }
  document.value = builder.take_value();
  return document;
}

Result<json> parse_json_message(std::string_view text) {
  const int line = 1;
  Builder builder(&line, nullptr);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) return Error{builder.error()};
  return builder.take_value();
}

std::string json_line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace hotline
