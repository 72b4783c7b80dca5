// Rows across versions: a row that a module cannot read is converted by the code that knows both schemas, one
// step at a time. That is a generation which writes the higher of the two or a later one: up mostly the one
// that reads it, down the newer one that wrote it and stays resident for that.
#pragma once

#include "base/result.h"
#include "dispatch/calls.h"
#include "push/manifest.h"
#include "state/table.h"

namespace hotline {

// The row in the schema its reader writes. `row` is as it was, whatever comes out: no row is ever half
// converted. A fault of a `convert` is charged to its generation.
Result<Row> convert_row(Calls& calls, const RowReader& reader, const Row& row);

}  // namespace hotline
