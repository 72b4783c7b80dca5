#include "push/generation.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/hex.h"
#include "push/guarded_thread.h"
#include "push/image.h"
#include "push/symbols.h"

namespace hotline {

namespace {

// The function pointers of an entry, from self_test on.
constexpr std::size_t functions_offset = offsetof(hl_module_entry, self_test);
static_assert((sizeof(hl_module_entry) - functions_offset) % sizeof(void*) == 0);
// What major 1 began with: no module of it has less.
constexpr std::uint32_t entry_bytes_min = offsetof(hl_module_entry, convert) + sizeof(void*);
constexpr std::uint32_t entry_bytes_max = 4096;
// Budgets of a module whose manifest says nothing: a stanza takes microseconds.
constexpr std::uint32_t slow_us_default = 50'000;
constexpr std::uint32_t hard_us_default = 250'000;
constexpr std::uint32_t hard_factor = 5;  // Of a soft budget that the manifest gives.

// The loaded object of that path, as dl_iterate_phdr shows it.
struct LoadedImage {
  const std::string& path;
  std::uintptr_t address = 0;
  std::vector<ElfW(Phdr)> headers;
};

LoadedImage find_image(const std::string& path) {
  LoadedImage image{.path = path};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<LoadedImage*>(data);
        if (wanted.path != info->dlpi_name) return 0;
        wanted.address = info->dlpi_addr;
        wanted.headers.assign(info->dlpi_phdr, info->dlpi_phdr + info->dlpi_phnum);
        return 1;
      },
      &image);
  return image;
}

// The build id in a mapped note segment; empty when there is none.
std::string build_id_of(std::uintptr_t base, std::size_t size) {
  for (std::size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    ElfW(Nhdr) note;
    std::memcpy(&note, reinterpret_cast<const void*>(base + at), sizeof note);
    const std::size_t name_at = at + sizeof note;
    const std::size_t desc_at = name_at + ((std::size_t{note.n_namesz} + 3) & ~std::size_t{3});
    const std::size_t next = desc_at + ((std::size_t{note.n_descsz} + 3) & ~std::size_t{3});
    if (next > size) break;
    const auto* bytes = reinterpret_cast<const unsigned char*>(base);
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(bytes + name_at, "GNU", 4) == 0) {
      return to_hex({bytes + desc_at, note.n_descsz});
    }
    at = next;
  }
  return {};
}

// memcmp(), but AddressSanitizer would not let that look at the gaps between a module's objects.
__attribute__((no_sanitize("address"))) bool are_equal(const std::byte* a, const std::byte* b,
                                                       std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

// What is right of a GuardedCode's text; the manifest bounds what can be there.
template <std::size_t Size>
void copy_text(char (&to)[Size], const std::string& from) {
  to[from.copy(to, Size - 1)] = '\0';
}

}  // namespace

Result<std::unique_ptr<Generation>> Generation::load(GenerationFile file) {
  std::unique_ptr<Generation> generation(new Generation(std::move(file)));
  std::optional<std::string> wrong = generation->open();
  if (!wrong) wrong = generation->check_image();
  if (!wrong) wrong = generation->check_bytes();
  if (!wrong) wrong = generation->check_entry();
  if (!wrong) wrong = generation->check_functions();
  if (wrong) return Error{generation->manifest().label() + " refused: " + *wrong};
  generation->touch_pages();
  generation->code_ = generation->guarded_code();
  return generation;
}

Generation::~Generation() {
  (void)destroy_instances();
  if (handle_ != nullptr) (void)unload();
}

std::optional<std::string> Generation::open() {
  if (look_for(file_.path).any())
    return "its path " + file_.path + " is loaded already; every load needs a path of its own";
  // NOW: what is missing is found here and named, not at the first call. LOCAL: two generations never see
  // each other's symbols.
  handle_ = dlopen(file_.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    const char* words = dlerror();
    return std::string("the loader says: ") + (words != nullptr ? words : "nothing");
  }
  return std::nullopt;
}

std::optional<std::string> Generation::check_image() {
  link_map* map = nullptr;
  if (dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr || file_.path != map->l_name)
    return "the loader opened " + std::string(map != nullptr ? map->l_name : "nothing") + " instead of " +
           file_.path;
  const LoadedImage image = find_image(file_.path);
  if (image.headers.empty()) return "the loader does not show " + file_.path + " among its images";

  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  std::string mapped_build_id;
  for (const ElfW(Phdr) & header : image.headers) {
    const std::uintptr_t begin = image.address + header.p_vaddr;
    if (header.p_type == PT_NOTE && mapped_build_id.empty())
      mapped_build_id = build_id_of(begin, header.p_filesz);
    if (header.p_type != PT_LOAD) continue;
    const MappedRange pages{begin & ~(page - 1), (begin + header.p_memsz + page - 1) & ~(page - 1)};
    segments_.push_back({pages, (header.p_flags & PF_R) != 0, (header.p_flags & PF_W) != 0, begin,
                         header.p_filesz, header.p_offset});
    range_.base = range_.base == 0 ? pages.base : std::min(range_.base, pages.base);
    range_.end = std::max(range_.end, pages.end);
  }
  if (mapped_build_id != file_.build_id)
    return "the mapped image has build id " + mapped_build_id + ", the verified file " + file_.build_id +
           ": the file was changed in between";
  return std::nullopt;
}

// The file is read once more, now that it is mapped: its digest must be the verified one, and the code in
// memory what the file says. What may be written (relocated data) is vouched for by the digest alone.
std::optional<std::string> Generation::check_bytes() const {
  const Result<Image> file = Image::read(file_.path);
  if (!file) return "after it was mapped: " + file.error().message;
  if (file->digest() != file_.digest)
    return "the mapped file has digest " + file->digest() + ", the verified one " + file_.digest +
           ": it was changed in between";
  for (const Segment& segment : segments_) {
    if (segment.is_writable || !segment.is_readable) continue;
    if (segment.file_at + segment.file_bytes > file->bytes().size() ||
        !are_equal(reinterpret_cast<const std::byte*>(segment.begin), file->bytes().data() + segment.file_at,
                   segment.file_bytes))
      return "its code in memory is not what was verified: " + file_.path +
             " was changed while it was mapped";
  }
  return std::nullopt;
}

std::optional<std::string> Generation::check_entry() {
  const void* const entry = dlsym(handle_, "hl_module");
  if (entry == nullptr) return "it has no `hl_module`; define it with HL_MODULE";
  // The fields every entry of every version begins with, before its size is known.
  constexpr std::size_t head_bytes = functions_offset;
  if (!range_.contains(entry, head_bytes)) return "its `hl_module` lies outside its own image";
  std::memcpy(&entry_, entry, head_bytes);
  if (entry_.magic != HL_MODULE_MAGIC) return "its `hl_module` does not begin with HL_MODULE_MAGIC";
  if (entry_.size < entry_bytes_min || entry_.size > entry_bytes_max ||
      (entry_.size - functions_offset) % sizeof(void*) != 0 || !range_.contains(entry, entry_.size))
    return "its `hl_module` says it has " + std::to_string(entry_.size) +
           " bytes; set `size` to sizeof(hl_module_entry)";
  if (entry_.abi_major != file_.manifest.abi_major || entry_.abi_minor != file_.manifest.abi_minor)
    return "its `hl_module` is of ABI " + std::to_string(entry_.abi_major) + "." +
           std::to_string(entry_.abi_minor) + ", its manifest of " +
           std::to_string(file_.manifest.abi_major) + "." + std::to_string(file_.manifest.abi_minor);
  const std::size_t known = std::min<std::size_t>(entry_.size, sizeof entry_);
  std::memcpy(&entry_, entry, known);

  const std::string& text = file_.manifest.text;
  if (entry_.manifest == nullptr || !range_.contains(entry_.manifest, text.size() + 1) ||
      std::strncmp(entry_.manifest, text.c_str(), text.size() + 1) != 0)
    return "its `hl_module` points to another manifest than the one in its file; set it to hl_manifest_text";
  return std::nullopt;
}

std::optional<std::string> Generation::check_functions() const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&entry_);
  for (std::size_t at = functions_offset; at < sizeof entry_; at += sizeof(void*)) {
    const void* function = nullptr;
    std::memcpy(&function, bytes + at, sizeof function);
    if (function != nullptr && !range_.contains(function))
      return "function " + std::to_string((at - functions_offset) / sizeof(void*)) +
             " of its `hl_module` lies outside its own image";
  }
  const Manifest& manifest = file_.manifest;
  struct Need {
    bool is_needed;
    bool is_there;
    const char* function;
    const char* why;
  };
  const std::array needs{
      Need{true, entry_.create != nullptr, "create", "every module makes instances"},
      Need{true, entry_.destroy != nullptr, "destroy", "every module makes instances"},
      Need{manifest.wants_stream, entry_.on_stream != nullptr, "on_stream", "its manifest says `stream`"},
      Need{!manifest.routes.empty(), entry_.on_stanza != nullptr, "on_stanza", "its manifest has routes"},
      Need{!manifest.lines.empty(), entry_.on_line != nullptr, "on_line", "its manifest says `line`"},
      Need{!manifest.http.empty(), entry_.on_request != nullptr, "on_request", "its manifest says `http`"},
      Need{manifest.wants_sessions, entry_.on_session != nullptr, "on_session",
           "its manifest says `sessions`"},
      Need{manifest.drains, entry_.on_drain != nullptr, "on_drain", "its manifest says `drain`"},
      Need{!manifest.commands.empty(), entry_.on_command != nullptr, "on_command",
           "its manifest has commands"},
      Need{!manifest.accepts_posts.empty(), entry_.on_post != nullptr, "on_post",
           "its manifest says `accepts-posts`"},
      Need{!file_.convert_reason.empty(), entry_.convert != nullptr, "convert", file_.convert_reason.c_str()},
  };
  for (const Need& need : needs)
    if (need.is_needed && !need.is_there)
      return std::string("its `hl_module` has no ") + need.function + ", and " + need.why;
  return std::nullopt;
}

// The first call into a cold page costs up to 0.1 ms, and would be a client's. What is read lies where it
// lies, between a module's own objects too: no business of the address sanitizer's.
__attribute__((no_sanitize("address"))) void Generation::touch_pages() const {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (const Segment& segment : segments_) {
    if (!segment.is_readable) continue;
    for (std::uintptr_t at = segment.range.base; at < segment.range.end; at += page)
      (void)*reinterpret_cast<const volatile unsigned char*>(at);
  }
}

void FaultCounters::add(FaultCause::Kind kind) {
  switch (kind) {
    case FaultCause::Kind::status: ++statuses; return;
    case FaultCause::Kind::exception: ++exceptions; return;
    case FaultCause::Kind::signal: ++signals; return;
    case FaultCause::Kind::overrun: ++overruns; return;
  }
}

GuardedCode Generation::guarded_code() const {
  GuardedCode code;
  code.range = range_;
  code.arena = arena_.get();
  const Manifest& its = file_.manifest;
  code.slow_us = its.budget_call_us != 0 ? its.budget_call_us : slow_us_default;
  code.hard_us =
      its.budget_hard_us != 0 ? its.budget_hard_us : std::max(hard_us_default, code.slow_us * hard_factor);
  copy_text(code.module, its.name);
  copy_text(code.version, its.version.text());
  copy_text(code.build_id, file_.build_id);
  return code;
}

Fault Generation::fault(EventKind event, FaultCause cause) const {
  Fault fault;
  fault.module = manifest().name;
  fault.version = manifest().version.text();
  fault.build_id = build_id();
  fault.file = path();
  fault.event = event;
  if (range_.contains(reinterpret_cast<const void*>(cause.pc))) fault.offset = cause.pc - range_.base;
  fault.cause = std::move(cause);
  return fault;
}

std::string Generation::words_of(EventKind event, const FaultCause& cause) const {
  const Fault its = fault(event, cause);
  const std::string function = its.offset == 0 ? std::string() : function_at(its.file, its.offset);
  return cause.text() + (function.empty() ? "" : " in " + function);
}

Result<void> Generation::self_test(const hl_host* host) const {
  if (entry_.self_test == nullptr) return {};
  FaultCause cause;
  const hl_status status =
      guarded(code_, EventKind::self_test, cause, [this, host] { return entry_.self_test(host); });
  if (status == HL_OK) return {};
  if (cause.kind == FaultCause::Kind::status) cause.status = status;
  return Error{manifest().label() + ": its self-test " + words_of(EventKind::self_test, cause)};
}

Result<void> Generation::create_instances(std::span<const hl_host* const> hosts) {
  check(instances_.empty(), "instances are created once");
  std::string wrong;
  for (std::size_t shard = 0; shard < hosts.size() && wrong.empty(); ++shard) {
    hl_instance* instance = nullptr;
    FaultCause cause;
    const ServingShard serving(shard);
    const hl_status status = guarded(code_, EventKind::create, cause, [this, host = hosts[shard], &instance] {
      return entry_.create(host, &instance);
    });
    if (status == HL_OK) {
      instances_.push_back(instance);
      continue;
    }
    if (cause.kind == FaultCause::Kind::status) cause.status = status;
    wrong = manifest().label() + " refused: create for shard " + std::to_string(shard) + " " +
            words_of(EventKind::create, cause) + (status == HL_E_NONE ? " (a capability is missing)" : "");
  }
  if (wrong.empty()) return {};
  const Result<void> destroyed = destroy_instances();
  if (!destroyed) wrong += "; then " + destroyed.error().message;
  return Error{wrong};
}

Result<void> Generation::destroy_instances() {
  std::string wrong;
  for (std::size_t shard = instances_.size(); shard-- > 0;) {
    FaultCause cause;
    const ServingShard serving(shard);
    const hl_status status = guarded(code_, EventKind::destroy, cause, [this, instance = instances_[shard]] {
      entry_.destroy(instance);
      return HL_OK;
    });
    if (status != HL_OK && wrong.empty())
      wrong = manifest().label() + ": destroy for shard " + std::to_string(shard) + " " +
              words_of(EventKind::destroy, cause);
  }
  instances_.clear();
  if (wrong.empty()) return {};
  return Error{wrong};
}

Generation::Unloading Generation::unload() {
  check(instances_.empty(), "a generation is unloaded without instances");
  check(handle_ != nullptr, "a generation is unloaded once");
  Unloading unloading{.range = range_};
  if (!can_unload()) {
    handle_ = nullptr;
    unloading.reason = "this is a sanitizer build, which never unloads code";
    return unloading;
  }
  dlclose(handle_);
  handle_ = nullptr;
  entry_ = {};
  unloading.is_unmapped = !look_for(file_.path).any();
  if (!unloading.is_unmapped) unloading.reason = file_.pins.cause();
  unloading.left = arena_->figures();
  unloading.is_freed = unloading.is_unmapped && !file_.has_extra_libraries;
  if (unloading.is_freed) {
    arena_.reset();
  } else if (unloading.left.blocks > 0) {
    // Code that is still there may hold it, and may free it: it stays with the process.
    (void)arena_.release();  // NOLINT(bugprone-unused-return-value)
  }
  return unloading;
}

}  // namespace hotline
