// RehearsedRows: `convert` tried on rows: live ones go up to the schema the module writes, and must come back
// as the same bytes; those that it wrote itself go down, and may come to anything but a death.
//
// A live row that it cannot convert would be parked, and stops nobody; all of many that it cannot are a
// conversion that does not work.
//
// [child, its only thread]
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "push/generation.h"
#include "push/live_target.h"

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
  std::uint64_t went_and_came() const { return went_and_came_; }
  std::uint64_t would_be_parked() const { return parked_; }

 private:
  std::string try_live(const SampleRow& row, const TableClaim& claim);
  void try_written(const SampleRow& row);
  std::string try_own(const SampleRow& row, const TableClaim& claim);
  std::string try_cuts(const SampleRow& row, std::uint32_t to, std::size_t cuts_max);
  // To the neighbour; empty: it answered that it cannot, or broke the contract, which `wrong` then tells.
  std::optional<std::string> convert(const std::string& table, std::uint32_t from, std::uint32_t to,
                                     const std::string& value, std::string& wrong);

  const Generation& generation_;
  const Step step_;
  std::uint64_t went_and_came_ = 0, parked_ = 0;
};

}  // namespace hotline::preflight
