// report: figures for people, and for other programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace hotline::bench {

// One figure a line, on standard output; nested names are joined by dots.
void print_figures(const std::string& title, const nlohmann::json& figures);

// `-` is standard output. Throws std::runtime_error, naming the file.
void save_json(const std::string& path, const nlohmann::json& json);

}  // namespace hotline::bench
