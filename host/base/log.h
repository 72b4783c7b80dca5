// Structured logging: one line an event, `name` first, then fields. Any thread, never blocking.
//
// Never a message's content, a password, a token or a key: fields name accounts, modules, limits
// and reasons. Lines are human text or JSON objects; the level can be changed while running.
//
// After open() lines are written by a thread of their own, behind a bounded queue: when it is full
// the oldest line is dropped and counted, and a later line says how many. A child made by fork()
// has no such thread: its lines go to standard error.
#pragma once

#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace hotline::log {

enum class Level { debug, info, warning, error };

struct Field {
  std::string_view key;
  std::string value;
  bool is_number = false;  // JSON writes it without quotes.

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <typename Number>
  requires std::is_arithmetic_v<Number> Field(std::string_view k, Number v)
      : key(k), value(std::to_string(v)) {
    if constexpr (std::is_floating_point_v<Number>) {
      is_number = std::isfinite(v);  // JSON has neither infinities nor NaN.
    } else {
      is_number = true;
    }
  }
};

enum class Format { human, json };

// Where lines go: standard error when `file` is empty. Called once at start; before it, lines go
// to standard error.
Result<void> open(const std::string& file, Format format, Level level);
void set_level(Level level);
Level level();
Result<Level> parse_level(std::string_view text);
void close();  // Writes what is queued.

void write(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (level() <= Level::debug) write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace hotline::log
