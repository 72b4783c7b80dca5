#include "control/serve/memory_report.h"

#include <cstdio>
#include <cstring>

#include "base/heap.h"
#include "base/resident_bytes.h"
#include "base/slab.h"

namespace hotline {
namespace {

// "RssFile:     12345 kB" of /proc/self/status, in bytes: what is resident of programs, libraries and
// modules.
std::uint64_t status_bytes(const char* title) {
  std::FILE* const file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) return 0;
  char line[256];
  unsigned long kib = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, title, std::strlen(title)) == 0) {
      (void)std::sscanf(line + std::strlen(title), ": %lu", &kib);
      break;
    }
  }
  std::fclose(file);
  return std::uint64_t{kib} << 10;
}

std::uint64_t add(MemoryReport& report, std::string name, std::uint64_t count, std::uint64_t bytes) {
  if (bytes > 0) report.parts.push_back({std::move(name), count, bytes});
  return bytes;
}

}  // namespace

MemoryReport memory_report(Host& host, const MemoryCensus::Figures& figures, const TlsContext& tls,
                           const std::vector<ModuleReport>& modules) {
  // The allocator first: what this report itself takes is in no part.
  const HeapFigures allocator = heap_figures();
  MemoryReport report;
  std::uint64_t heap = 0;  // Of the allocator's used blocks, what is named.
  for (std::size_t i = 0; i < MemoryCensus::parts; ++i) {
    const auto part = static_cast<MemoryCensus::Part>(i);
    if (part == MemoryCensus::Part::sessions) report.sessions = figures.of[i].count;
    heap += add(report, std::string(MemoryCensus::name_of(part)), figures.of[i].count, figures.of[i].bytes);
  }
  TableNames& tables = *host.world().tables;
  for (const auto& [table, figure] : figures.rows)
    heap += add(report, "rows of " + tables.table(table).name, figure.count, figure.bytes);
  const TlsContext::Memory records = tls.memory();
  std::uint64_t named = heap + add(report, "tls record states", records.states, records.bytes);
  for (const ModuleReport& module : modules)
    named += add(report, "arena of " + module.name + " " + module.version, 1, module.memory_bytes);
  const Slab::Totals slabs = Slab::totals();
  const std::uint64_t used = allocator.used_bytes + slabs.used_bytes;
  named += add(report, "other blocks in use", 0, used > heap ? used - heap : 0);
  named += add(report, "free in slabs", 0, slabs.free_bytes);
  named += add(report, "free in the allocator", 0, allocator.free_bytes);
  named += add(report, "programs and libraries", 0, status_bytes("RssFile"));
  report.resident_bytes = resident_bytes();
  report.rest_bytes = static_cast<std::int64_t>(report.resident_bytes) - static_cast<std::int64_t>(named);
  return report;
}

}  // namespace hotline
