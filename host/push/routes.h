// RouteTable: who is asked, for a live set of modules.
//
// Built from their manifests, off the shards; immutable from then on, so all shards read one table and
// are given another at the barrier of a push. Modules go by their place in the set it was built from.
//
// Most specific wins: the exact namespace before `*`, then the exact address class before the wider
// (an absent `to`: none, self, any; the own bare address: self, bare, any; the others: itself, any).
// All of that is decided when it is built: lookup() is one array access for message and presence, one
// hash and one array access for iq and nonza, and allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "push/manifest.h"

namespace hotline {

using ModuleIndex = std::uint16_t;
inline constexpr ModuleIndex no_module = 0xffff;

class RouteTable {
 public:
  struct Command {
    ModuleIndex module = no_module;
    bool is_everywhere = false;
  };

  // Of no module: nothing is routed anywhere.
  RouteTable() = default;
  // Refuses a set in which two modules claim the same, by name. The manifests are only read here.
  // `disabled`: places of modules whose claims stand, so that nobody else gets them, and which have no part
  // in anything: no features, no services that are listed, no sessions they hear of.
  static Result<RouteTable> build(std::span<const Manifest* const> modules,
                                  std::span<const ModuleIndex> disabled = {});

  // `ns` is the namespace of the first child (iq) or of the element (nonza), ignored for the others;
  // `address` is a stanza's, so never `any`.
  ModuleIndex lookup(Stanza::Kind kind, std::string_view ns, AddressClass address, When when) const;

  ModuleIndex stream() const { return stream_; }                          // on_stream
  const std::vector<ModuleIndex>& sessions() const { return sessions_; }  // on_session, in the set's order
  ModuleIndex line(std::string_view listener) const;                      // on_line
  ModuleIndex service(std::string_view label) const;                      // on_stanza for <label>.<domain>
  bool has_services() const { return !services_.empty(); }
  std::vector<std::string> services() const;  // Sorted; of those that are not disabled.
  // on_request: of the claims whose path it is, or begins with up to a '/', the longest. `allowed`: what
  // other methods are claimed there, "GET, PUT"; empty: none.
  struct Http {
    ModuleIndex module = no_module;
    bool takes_head = false;
    std::string allowed;
  };
  Http http(std::string_view method, std::string_view path) const;
  Command command(std::string_view name) const;  // on_command
  ModuleIndex table_owner(std::string_view table) const;
  ModuleIndex module(std::string_view name) const;
  // Whether `receiver` takes what the module named `sender` posts. A module takes its own.
  bool accepts_posts(ModuleIndex receiver, std::string_view sender) const;
  const std::vector<std::string>& features() const { return features_; }  // Each once, sorted.

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <typename Value>
  using ByName = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  static constexpr std::size_t class_count = 5;  // Without `any`.
  static constexpr std::size_t when_count = 3;
  struct Targets {
    Targets() { modules.fill(no_module); }
    std::array<ModuleIndex, class_count * when_count> modules;
  };
  // The routes of one kind and namespace while the table is built: by address, `any` included.
  struct Claimed;

  static std::size_t place(AddressClass address, When when) {
    return static_cast<std::size_t>(when) * class_count + static_cast<std::size_t>(address);
  }
  static Targets resolve(const Claimed& exact, const Claimed& wildcard);
  enum class Part { serves, disabled };
  void take(const Manifest& manifest, ModuleIndex index, Part part);

  Targets message_;
  Targets presence_;
  Targets iq_other_;  // Of no namespace that a route names.
  Targets nonza_other_;
  ByName<Targets> iq_;
  ByName<Targets> nonza_;
  ByName<ModuleIndex> lines_;
  ByName<ModuleIndex> services_;
  struct HttpRoute {
    HttpClaim claim;
    ModuleIndex module = no_module;
  };
  std::vector<HttpRoute> http_;  // The longest path first.
  ByName<Command> commands_;
  ByName<ModuleIndex> tables_;
  ByName<ModuleIndex> names_;
  std::vector<ModuleIndex> sessions_;
  std::vector<Part> parts_;                              // By module.
  std::vector<std::vector<std::string>> accepts_posts_;  // By module, its own name included.
  std::vector<std::string> features_;
  ModuleIndex stream_ = no_module;
};

// What of `candidate` modules of `others` have already, each a complete refusal: "routing 1.3.0 refused:
// it claims `iq jabber:iq:roster self`, which presence 1.4.2 has; ...". A module of the candidate's own
// name is what it replaces, and not asked.
std::vector<std::string> claim_conflicts(const Manifest& candidate, std::span<const Manifest* const> others);

}  // namespace hotline
