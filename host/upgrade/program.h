// Program: a hotlined that asks to take over from this one: verified, kept, and asked what it knows.
//
//     FILE, FILE.sig   ->   DIR/core/<digest>/hotlined, hotline-preflight, hotline-confine
//
// What is verified is one copy of the bytes in memory; those bytes are stored, and only the stored file is
// ever run. What a hotlined starts from its own directory goes with it, verified in the same way: the
// hotline-preflight beside FILE, and the hotline-confine where one is there.
//
// [one thread that may wait for the disk]
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "push/trust.h"
#include "upgrade/formats.h"

namespace hotline {

struct ProgramPolicy {
  std::string state_dir;  // Absolute.
  bool requires_signature = true;
  bool allows_development_key = true;
  bool needs_preflight = true;
};

struct Program {
  std::string file;  // The stored one.
  std::string version, digest, build_id;
  std::string signer;  // Empty: it is not signed.
  Formats formats;
  std::vector<std::string> notes;
};

// The error is a complete refusal: "/tmp/hotlined refused: …". Nothing of the file has run, but for its
// self-check behind everything else.
Result<Program> verify_program(const std::string& file, const ProgramPolicy& policy, const Formats& ours);
// The same of this very process, for the way back: it is stored as it runs, whatever has become of its file.
Result<Program> store_own_program(const ProgramPolicy& policy, const Formats& ours);
// One that was stored before: its bytes are looked at again.
Result<Program> stored_program(const std::string& digest, const ProgramPolicy& policy, const Formats& ours);

}  // namespace hotline
