#include "push/verify.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "hotline/manifest.h"
#include "push/elf_file.h"
#include "push/forbidden_imports.h"
#include "push/routes.h"

namespace hotline {

namespace {

constexpr std::array usual_libraries{std::string_view("libc.so.6"),
                                     std::string_view("libm.so.6"),
                                     std::string_view("libgcc_s.so.1"),
                                     std::string_view("libstdc++.so.6"),
                                     std::string_view("ld-linux-x86-64.so.2"),
                                     std::string_view("ld-linux-aarch64.so.1")};
constexpr std::array sanitizer_libraries{std::string_view("libasan.so"), std::string_view("libubsan.so"),
                                         std::string_view("libtsan.so"), std::string_view("libclang_rt.")};

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& item : list) {
    if (!text.empty()) text += ", ";
    text += item;
  }
  return text;
}

class Verifier {
 public:
  Verifier(const Image& image, const VerifyPolicy& policy, const SignedBy& claimed)
      : image_(image), policy_(policy), claimed_(claimed) {
    const std::size_t slash = image.path().rfind('/');
    label_ = slash == std::string::npos ? image.path() : image.path().substr(slash + 1);
    report_.digest = image.digest();
  }

  VerifyReport run();

 private:
  void refuse(const std::string& why) { report_.refusals.push_back(label_ + " refused: " + why); }
  void note(const std::string& what) { report_.notes.push_back(label_ + ": " + what); }

  void check_signature();
  std::string why_not_by_host() const;
  std::string ways_back() const;
  bool read_manifest(const ElfFile& file);
  void check_kind(const ElfFile& file);
  void check_memory(const ElfFile& file);
  void check_libraries(const ElfFile& file);
  void check_symbols(const ElfFile& file);
  void check_load_functions(const ElfFile& file);
  void check_build_id(const ElfFile& file);
  void check_abi(const Manifest& manifest);
  void check_capabilities(const Manifest& manifest);
  void check_claims(const Manifest& manifest);
  void check_version(const Manifest& manifest);
  void check_older(const Manifest& manifest, const Manifest& live);
  void check_tables(const Manifest& manifest);
  void check_table(const TableClaim& claim, const TableClaim& live, const std::string& live_label);
  bool is_converted_down(const std::string& table, std::uint32_t schema) const;
  void check_stored_rows(const TableClaim& claim);
  const LiveModule* replaced(const Manifest& manifest) const;

  const Image& image_;
  const VerifyPolicy& policy_;
  const SignedBy& claimed_;
  std::string label_;  // The file's name, then "routing 1.3.0" as soon as it is known.
  VerifyReport report_;
};

VerifyReport Verifier::run() {
  const Result<ElfFile> file = ElfFile::parse(image_.bytes());
  if (!file) {
    check_signature();
    refuse("it " + file.error().message + "; push the .so that hotline_add_module builds");
    return std::move(report_);
  }
  report_.build_id = file->build_id;
  report_.pins = pins_of(*file);
  if (file->machine != ElfFile::host_machine()) {
    check_signature();
    refuse("it is for " + machine_name(file->machine) + ", this host is " +
           machine_name(ElfFile::host_machine()) + "; build it for this machine");
    return std::move(report_);  // The rest would be said of another world.
  }
  const bool has_manifest = read_manifest(*file);
  check_signature();
  if (!has_manifest && !file->has_manifest) return std::move(report_);  // Not ours.
  check_kind(*file);
  check_memory(*file);
  check_libraries(*file);
  check_symbols(*file);
  check_load_functions(*file);
  check_build_id(*file);
  if (has_manifest) {
    const Manifest& manifest = *report_.manifest;
    check_abi(manifest);
    check_capabilities(manifest);
    check_claims(manifest);
    check_version(manifest);
    check_tables(manifest);
  }
  return std::move(report_);
}

// Where the host would sign such a file itself, and cannot.
std::string Verifier::why_not_by_host() const {
  if (!policy_.allows_development_key || policy_.state_dir.empty() ||
      std::ranges::any_of(policy_.trusted, &TrustedKey::is_development))
    return {};
  return ", and the development key that this host would sign it with is not trusted";
}

// For a file of the running set. The modules of a first start are signed by the development key mostly, and
// are no way back from where that is not trusted.
std::string Verifier::ways_back() const {
  const std::string directory = policy_.state_dir.empty() ? "DIR" : policy_.state_dir;
  const std::string command = "`hotline --state " + directory + " trust add ";
  const std::string move =
      "move " + directory + "/modules/running.json away, to start with `modules_initial`";
  if (claimed_.name == TrustStore::development_name)
    return "trust it again with " + command + directory +
           "/keys/development.pub`, or sign the modules of `modules_dir` with a trusted key "
           "(`hotline sign --key FILE`) and " +
           move;
  return "trust that key again with " + command + claimed_.name + ".pub`, or " + move;
}

// Over exactly the bytes in memory, which are those that are stored and mapped.
void Verifier::check_signature() {
  if (!claimed_.signature) {
    if (policy_.requires_signature)
      refuse("it is not signed" + why_not_by_host() +
             "; sign it with `hotline sign`, with a key that `hotline trust list` shows" +
             (why_not_by_host().empty() ? "" : ": `hotline sign --key FILE`"));
    return;
  }
  const TrustedKey* const signer = signer_of(image_.bytes(), *claimed_.signature, policy_.trusted);
  if (signer == nullptr && claimed_.name.empty())
    return refuse(
        "no key that this host trusts has signed these bytes so: the file was changed after it was signed, "
        "its "
        ".sig is another file's, or the signer is not trusted (`hotline trust list`); sign it again with "
        "`hotline sign`");
  if (signer == nullptr)
    return refuse("it was signed by " + claimed_.name + " (" + claimed_.fingerprint.substr(0, 16) +
                  "), whose key is not trusted any more; " + ways_back());
  if (signer->is_development && !policy_.allows_development_key)
    return refuse(
        "it is signed with the development key of this host, and `push.allow_development_key` forbids that; "
        "sign it with a key of yours");
  report_.signed_by = {signer->name, signer->key.fingerprint(), claimed_.signature};
}

bool Verifier::read_manifest(const ElfFile& file) {
  if (!file.has_manifest) {
    refuse("it is no Hotline module: it has no section " HL_MANIFEST_SECTION
           "; see docs/writing-a-module.md");
    return false;
  }
  const std::size_t end = file.manifest.find('\0');
  const bool is_one_text =
      end != std::string_view::npos && file.manifest.find_first_not_of('\0', end) == std::string_view::npos;
  if (!is_one_text) {
    refuse("its section " HL_MANIFEST_SECTION " is not one text; use HL_MANIFEST in one source file only");
    return false;
  }
  Result<Manifest> manifest = Manifest::parse(file.manifest.substr(0, end));
  if (!manifest) {
    refuse(manifest.error().message);
    return false;
  }
  report_.manifest = std::move(*manifest);
  label_ = report_.manifest->label();
  return true;
}

void Verifier::check_kind(const ElfFile& file) {
  if (file.type != ET_DYN || file.has_interpreter)
    refuse("it is a program, not a shared object; build it with hotline_add_module");
}

void Verifier::check_memory(const ElfFile& file) {
  if (file.has_writable_code)
    refuse(
        "it has memory that can be both written and executed; link it without -N and without scripts that "
        "ask for it");
  if (file.has_executable_stack)
    refuse(
        "it wants an executable stack; build it without nested functions and assembly that does not say "
        ".note.GNU-stack, and link with -z noexecstack");
  if (file.has_text_relocations)
    refuse("its code is changed while it is loaded (text relocations); compile with -fPIC");
  if (file.has_static_tls)
    refuse(
        "its thread_local variables take a place that is given out once (initial-exec); compile without "
        "-ftls-model=initial-exec");
  if (file.tls_bytes > policy_.tls_bytes_max)
    refuse("it has " + std::to_string(file.tls_bytes) + " bytes of thread_local variables, more than the " +
           std::to_string(policy_.tls_bytes_max) + " allowed; keep state in the instance");
}

void Verifier::check_libraries(const ElfFile& file) {
  for (const std::string_view library : file.needed) {
    const auto begins = [&](std::string_view name) { return library.starts_with(name); };
    if (std::ranges::find(usual_libraries, library) != usual_libraries.end() ||
        (policy_.is_sanitized && std::ranges::any_of(sanitizer_libraries, begins)))
      continue;
    report_.has_extra_libraries = true;
    if (std::ranges::find(policy_.extra_libraries, library) == policy_.extra_libraries.end())
      refuse("it needs " + std::string(library) + ", and modules may need " + joined(usual_libraries) +
             "; link it statically, or allow it in the host's configuration");
  }
  if (!file.search_paths.empty())
    refuse("it says where to look for libraries (RPATH " + std::string(file.search_paths.front()) +
           "); link it without -rpath");
  if (!file.other_objects.empty())
    refuse("it loads " + std::string(file.other_objects.front()) +
           " besides itself; link it without -f and -F");
  for (const ElfFile::NeededVersion& need : file.needed_versions) {
    const auto library = policy_.library_versions.find(need.library);
    if (library != policy_.library_versions.end() && !library->second.contains(std::string(need.version)))
      refuse("it needs " + std::string(need.version) + " of " + std::string(need.library) +
             ", which is newer than this host's; build it on the host's release");
  }
}

void Verifier::check_symbols(const ElfFile& file) {
  constexpr std::string_view entry = "hl_module";
  std::vector<std::string> unique;
  std::vector<std::string> extra;
  bool has_entry = false;
  for (const ElfFile::Export& symbol : file.exports) {
    if (symbol.is_unique)
      unique.push_back(readable_name(std::string(symbol.name)));
    else if (symbol.name != entry)
      extra.push_back(readable_name(std::string(symbol.name)));
    if (symbol.name == entry) has_entry = true;
    if (symbol.is_indirect)
      refuse(std::string(symbol.name) + " chooses its code while it is loaded (IFUNC); choose at create");
  }
  constexpr std::size_t named_max = 3;
  const auto some = [&](std::vector<std::string>& names) {
    const std::size_t rest = names.size() > named_max ? names.size() - named_max : 0;
    names.resize(names.size() - rest);
    return joined(names) + (rest > 0 ? " and " + std::to_string(rest) + " more" : "");
  };
  if (!has_entry) refuse("it exports no `hl_module`; define it with HL_MODULE");
  if (!unique.empty())
    refuse("the loader would never unload it for its unique symbols: " + some(unique) +
           "; compile with -fno-gnu-unique");
  if (!extra.empty() && !policy_.is_sanitized)
    refuse("it exports more than `hl_module`: " + some(extra) +
           "; link with abi/module.map, as hotline_add_module does");
  if (file.is_nodelete) refuse("it is marked never to be unloaded (DF_1_NODELETE); link without -z nodelete");
  for (const std::string_view import : file.imports)
    if (const char* why = why_forbidden(import))
      refuse("it calls " + readable_name(std::string(import)) + ": " + why);
}

void Verifier::check_load_functions(const ElfFile& file) {
  if (file.indirect_relocations > 0)
    refuse("it runs " + std::to_string(file.indirect_relocations) +
           " functions while it is loaded (IFUNC); choose at create");
  if (policy_.is_sanitized) return;  // Every file has constructors then, the sanitizer's own.
  if (!file.constructors.empty())
    refuse(
        "code would run while it is loaded, before anyone has agreed to it: " + joined(file.constructors) +
        "; move the work of constructors and of objects at namespace scope (<iostream> has one) into create");
  if (!file.destructors.empty())
    refuse("code would run while it is unloaded: " + joined(file.destructors) +
           "; move what destructors at namespace scope do into destroy");
}

void Verifier::check_build_id(const ElfFile& file) {
  if (file.build_id.empty())
    return refuse("it has no build id, so no report could name it; link with --build-id=sha1");
  for (const LiveModule& live : policy_.live)
    if (live.build_id == file.build_id)
      refuse("build id " + file.build_id + " is live already as " + live.manifest->label() +
             "; build a change to push one");
  for (const BlockedBuild& blocked : policy_.blocked)
    if (blocked.build_id == file.build_id)
      refuse("build id " + file.build_id + " is blocked on this host: " + blocked.reason + " (" + blocked.by +
             "); build one that is right, or `hotline blocklist remove " + file.build_id + "`");
}

void Verifier::check_abi(const Manifest& manifest) {
  const auto text = [](std::uint32_t major, std::uint32_t minor) {
    return std::to_string(major) + "." + std::to_string(minor);
  };
  const std::string theirs = text(manifest.abi_major, manifest.abi_minor);
  const std::string ours = text(policy_.abi_major_max, policy_.abi_minor_max);
  if (manifest.abi_major > policy_.abi_major_max ||
      (manifest.abi_major == policy_.abi_major_max && manifest.abi_minor > policy_.abi_minor_max))
    refuse("it was built for ABI " + theirs + ", this host has " + ours +
           "; upgrade the host, or build it with the headers of " + ours);
  if (manifest.abi_major < policy_.abi_major_min)
    refuse("it was built for ABI " + theirs + ", this host takes " + text(policy_.abi_major_min, 0) + " to " +
           ours + "; build it again with this host's headers");
}

void Verifier::check_capabilities(const Manifest& manifest) {
  const auto is_missing = [&](const std::string& name) {
    return std::ranges::find(policy_.capabilities, name) == policy_.capabilities.end();
  };
  for (const std::string& need : manifest.needs)
    if (is_missing(need))
      refuse("it needs the capability " + need +
             ", which this host has not; upgrade the host, or say `wants` and do without");
  for (const std::string& want : manifest.wants)
    if (is_missing(want)) note("it does without the capability " + want + ", which this host has not");
}

const LiveModule* Verifier::replaced(const Manifest& manifest) const {
  const auto found = std::ranges::find_if(
      policy_.live, [&](const LiveModule& live) { return live.manifest->name == manifest.name; });
  return found == policy_.live.end() ? nullptr : &*found;
}

void Verifier::check_claims(const Manifest& manifest) {
  std::vector<const Manifest*> others;
  for (const LiveModule& live : policy_.live) others.push_back(live.manifest);
  for (std::string& conflict : claim_conflicts(manifest, others))
    report_.refusals.push_back(std::move(conflict));
  for (const std::string& table : manifest.reads_tables) {
    const bool is_there =
        std::ranges::any_of(others, [&](const Manifest* other) { return other->table(table) != nullptr; });
    if (!is_there) note("no live module has the table `" + table + "` that it reads");
  }
}

// What is older was left for a reason: an old file with its old signature does not bring it back.
void Verifier::check_older(const Manifest& manifest, const Manifest& live) {
  if (policy_.allows_older) return note("it is older than " + live.label() + ", which is live");
  refuse("it is older than " + live.label() + ", which is live; `hotline rollback " + manifest.name +
         "` goes back to what is loaded, or push it with --force and --reason");
}

void Verifier::check_version(const Manifest& manifest) {
  const LiveModule* const live = replaced(manifest);
  if (live == nullptr) return;
  if (manifest.version < live->manifest->version) check_older(manifest, *live->manifest);
  if (manifest.version == live->manifest->version) note("it is another build of the version that is live");
}

void Verifier::check_tables(const Manifest& manifest) {
  const LiveModule* const live = replaced(manifest);
  for (const TableClaim& claim : manifest.tables) {
    const TableClaim* const theirs = live == nullptr ? nullptr : live->manifest->table(claim.name);
    if (theirs != nullptr) check_table(claim, *theirs, live->manifest->label());
    check_stored_rows(claim);
  }
  if (live == nullptr) return;
  for (const TableClaim& theirs : live->manifest->tables)
    if (manifest.table(theirs.name) == nullptr)
      note("it leaves the table `" + theirs.name + "` of " + live->manifest->label() + "; its rows stay");
}

// The way there, and the way back: rows of the live version are read or converted up, rows it writes are
// read by the live version or converted down by its own convert.
void Verifier::check_table(const TableClaim& claim, const TableClaim& live, const std::string& live_label) {
  const std::string table = "table `" + claim.name + "`";
  if (claim.is_durable != live.is_durable)
    refuse(table + " is " + (live.is_durable ? "durable" : "volatile") + " in " + live_label + " and " +
           (claim.is_durable ? "durable" : "volatile") + " in it; give the new one a name of its own");
  if (claim.writes < live.writes && !claim.reads_schema(live.writes))
    return refuse("it writes schema " + std::to_string(claim.writes) + " of " + table +
                  " and does not read " + std::to_string(live.writes) +
                  ", which is live; use rollback, or push a version that reads it");
  const bool reads_up = claim.reads_schema(live.writes);
  const bool reads_down = live.reads_schema(claim.writes);
  if (claim.writes != live.writes) report_.schema_steps.push_back({claim.name, live.writes, claim.writes});
  if ((reads_up && reads_down) || !report_.convert_reason.empty()) return;
  report_.convert_reason = !reads_up ? "it does not read schema " + std::to_string(live.writes) + " of " +
                                           table + ", which is live"
                                     : "it writes schema " + std::to_string(claim.writes) + " of " + table +
                                           ", which " + live_label + " cannot read when it is taken back";
}

bool Verifier::is_converted_down(const std::string& table, std::uint32_t schema) const {
  return std::ranges::any_of(policy_.converters, [&](const Manifest* manifest) {
    const TableClaim* claim = manifest->name == report_.manifest->name ? manifest->table(table) : nullptr;
    return claim != nullptr && claim->writes >= schema;
  });
}

void Verifier::check_stored_rows(const TableClaim& claim) {
  for (const StoredTable& stored : policy_.stored_tables) {
    if (stored.name != claim.name) continue;
    for (const std::uint32_t schema : stored.schemas) {
      if (claim.reads_schema(schema)) continue;
      const std::string table = "table `" + claim.name + "`";
      if (schema > claim.writes && is_converted_down(claim.name, schema)) continue;
      if (schema > claim.writes)
        refuse("rows of " + table + " have schema " + std::to_string(schema) + ", and it knows " +
               std::to_string(claim.writes) +
               " at the most; use rollback, or push a version that reads them");
      else if (report_.convert_reason.empty())
        report_.convert_reason =
            "rows of " + table + " have schema " + std::to_string(schema) + ", which it does not read";
    }
  }
}

}  // namespace

VerifyPolicy VerifyPolicy::of_host(std::vector<std::string> capabilities) {
  VerifyPolicy policy;
  policy.abi_major_min = HL_ABI_MAJOR;
  policy.abi_major_max = HL_ABI_MAJOR;
  policy.abi_minor_max = HL_ABI_MINOR;
  policy.capabilities = std::move(capabilities);
  policy.library_versions = host_library_versions();
  return policy;
}

std::string VerifyReport::refusal_text() const {
  std::string text;
  for (const std::string& refusal : refusals) {
    if (!text.empty()) text += '\n';
    text += refusal;
  }
  return text;
}

VerifyReport verify(const Image& image, const VerifyPolicy& policy, const SignedBy& claimed) {
  return Verifier(image, policy, claimed).run();
}

}  // namespace hotline
