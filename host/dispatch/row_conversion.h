// Rows across versions: a row that a module cannot read is converted by the code that knows both schemas, one
// step at a time: up by the generation that reads it, down by the newer generation that wrote it and stays
// resident for that.
#pragma once

#include "base/result.h"
#include "dispatch/calls.h"
#include "push/manifest.h"
#include "state/table.h"

namespace hotline {

// The row in the schema `claim` writes.
Result<Row> convert_row(const CalledModule& module, const TableClaim& claim, const Row& row);

}  // namespace hotline
