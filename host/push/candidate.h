// Candidate: a file on its way to becoming a generation, and what the steps have found out about it.
//
// Owned by one push; the pipeline's thread alone.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "push/generation.h"
#include "push/image.h"
#include "push/preflight_request.h"
#include "push/trust.h"
#include "push/verify.h"

namespace hotline {

struct Candidate {
  // At a start, where it stood among what was loaded of its module.
  enum class Place { older, current, newer };

  std::string file;         // As it was named.
  std::string stored_path;  // Of the running set at start: not stored again.
  Place place = Place::current;
  bool is_disabled = false;  // Of the running set at start: it is loaded and serves nobody.
  bool was_left = false;     // Of the running set at start: it was gone back from.
  SignedBy signed_by;        // Of the running set at start; else verify finds out.
  // Each step fills in what the next ones need.
  std::optional<Image> image;                 // verify
  VerifyReport report;                        // verify
  std::optional<PreflightVerdict> preflight;  // preflight
  std::unique_ptr<Generation> generation;     // stage
};

}  // namespace hotline
