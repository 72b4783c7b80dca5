#include "report.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace hotline::bench {
namespace {

void print_lines(const std::string& prefix, const nlohmann::json& figures) {
  for (const auto& [name, value] : figures.items()) {
    if (value.is_object()) {
      print_lines(prefix + name + ".", value);
    } else if (value.is_number_float()) {
      std::printf("  %-44s %.4g\n", (prefix + name).c_str(), value.get<double>());
    } else {
      std::printf("  %-44s %s\n", (prefix + name).c_str(),
                  value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    }
  }
}

}  // namespace

void print_figures(const std::string& title, const nlohmann::json& figures) {
  std::printf("%s\n", title.c_str());
  print_lines("", figures);
}

void save_json(const std::string& path, const nlohmann::json& json) {
  if (path == "-") {
    std::cout << json.dump(2) << '\n';
    return;
  }
  std::ofstream file(path);
  file << json.dump(2) << '\n';
  if (!file.flush()) throw std::runtime_error("--json " + path + " cannot be written");
}

}  // namespace hotline::bench
