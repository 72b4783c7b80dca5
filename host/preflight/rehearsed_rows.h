// RehearsedRows: `convert` tried on rows: live ones go up to the schema the module writes, and must come back
// as the same bytes; those that it wrote itself go down, and may come to anything but a death.
//
// A live row that it cannot convert would be parked: they are counted, and the host says how many are too
// many.
//
// [child, its only thread]
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "push/generation.h"
#include "push/live_target.h"
#include "push/preflight_request.h"

namespace hotline::preflight {

class RehearsedRows {
 public:
  static constexpr std::size_t written_max = 64;
  using Step = std::function<void(const std::string& name)>;

  RehearsedRows(const Generation& generation, Step step) : generation_(generation), step_(std::move(step)) {}

  // What is wrong, in words that follow "refused: "; empty: nothing.
  std::string run(std::span<const SampleRow> live, std::span<const SampleRow> written);
  // The same of rows that it has just written itself: each is taken down, which must be a row like the live
  // ones of that schema; and cut at `cuts_max` lengths at the most it may be refused, and may not kill.
  std::string run_own(std::span<const SampleRow> written, std::size_t cuts_max);
  // Of the live rows.
  const std::vector<RehearsedSchema>& schemas() const { return schemas_; }

 private:
  std::string try_live(const SampleRow& row, const TableClaim& claim, RehearsedSchema& count);
  RehearsedSchema& count_of(const SampleRow& row);
  void try_written(const SampleRow& row);
  std::string try_own(const SampleRow& row, const TableClaim& claim);
  std::string try_cuts(const SampleRow& row, std::uint32_t to, std::size_t cuts_max);
  // To the neighbour; empty: it answered that it cannot, or broke the contract, which `wrong` then tells.
  std::optional<std::string> convert(const std::string& table, std::uint32_t from, std::uint32_t to,
                                     const std::string& value, std::string& wrong);

  const Generation& generation_;
  const Step step_;
  std::vector<RehearsedSchema> schemas_;
};

}  // namespace hotline::preflight
