// hotline-preflight: tries out one module for hotlined or `hotline check`, which start it and read what it
// says. See push/preflight.h for the conversation. Nobody else has a use for it.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <string>

#include "preflight/contract.h"
#include "preflight/death_note.h"
#include "preflight/rehearsal.h"
#include "preflight/sandbox.h"

namespace {

using namespace hotline;

// At once and unbuffered: the next line may never come.
void say(const std::string& line) {
  const std::string whole = line + "\n";
  (void)!write(preflight_fd::answer, whole.data(), whole.size());
}

std::string read_all(int descriptor) {
  std::string bytes;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t count = read(descriptor, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(part.data(), static_cast<std::size_t>(count));
  }
}

int not_ours(const std::string& why) {
  std::cerr << "hotline-preflight: " << why
            << "\nIt is started by hotlined and `hotline check` alone, to try out a module.\n";
  return 2;
}

}  // namespace

int main() {
  struct stat answer {};
  if (fstat(preflight_fd::answer, &answer) != 0 || !S_ISFIFO(answer.st_mode))
    return not_ours("no host is there");
  Result<PreflightRequest> request = preflight_request_of(read_all(preflight_fd::request));
  if (!request) return not_ours(request.error().message);
  Result<Manifest> manifest = Manifest::parse(request->manifest);
  if (!manifest) return not_ours(manifest.error().message);
  preflight::write_death_notes_to(preflight_fd::answer);
  std::vector<std::string> notes = preflight::enter_sandbox(request->seconds);
  (void)is_in_maps("nothing");  // Opens what it looks into, as long as it may.
  PreflightVerdict verdict = request->clause.empty()
                                 ? preflight::Rehearsal(std::move(*request), std::move(*manifest), say).run()
                                 : preflight::Contract(std::move(*request), std::move(*manifest), say).run();
  verdict.notes.insert(verdict.notes.begin(), notes.begin(), notes.end());
  say("verdict " + line_of(verdict));
  _exit(0);  // Nothing of the module's may run any more.
}
