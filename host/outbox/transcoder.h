// Transcoder: the operator's program that makes one file of another: smaller pictures, other codecs.
//
// No codec is linked into the host or runs in its process. The program is started anew for each file, by
// hotline-confine, which takes from it the network, most of the machine's memory and time, and files larger
// than they may be: what it reads came from strangers. Its standard input is the one file, its standard
// output the other, its arguments say what is wanted, its directory is its own and goes with it. No shell is
// between.
//
// Exit status 0: it has made it. 65 (EX_DATAERR): it never will, of this file. Anything else: it failed.
//
// Threads: any, several at once; each call waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace hotline {

struct TranscoderSettings {
  std::string program;
  std::string directory;   // For what is under way; made, and emptied, by open().
  bool is_shared = false;  // Another process makes files in that directory, too: it is not emptied.
  std::uint32_t timeout_s = 20;
  std::uint32_t memory_mib = 1'024;
  std::uint32_t output_mib = 64;
  std::string confine = {};  // The program; empty: beside this one.
};

class Transcoder {
 public:
  static Result<std::unique_ptr<Transcoder>> open(TranscoderSettings settings);

  enum class Outcome { made, refused, failed };
  struct Made {
    Outcome outcome = Outcome::failed;
    int file = -1;  // made: a file without a name, the caller's to close.
    std::string why;
  };
  // `input`: open for reading, at its beginning.
  Made make(int input, const std::vector<std::string>& words);
  void end() { is_ending_ = true; }  // What is under way is ended.

 private:
  explicit Transcoder(TranscoderSettings settings) : settings_(std::move(settings)) {}
  int start(int input, int output, const std::string& directory, const std::vector<std::string>& words,
            int& child) const;
  Made await(int child) const;

  const TranscoderSettings settings_;
  std::atomic<bool> is_ending_{false};
};

}  // namespace hotline
