#include "push/routes.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace hotline {

namespace {

constexpr std::size_t modules_max = 1024;

// The address classes of routes that a stanza's class falls under, the most specific first.
std::span<const AddressClass> widening(AddressClass address) {
  static constexpr std::array none{AddressClass::none, AddressClass::self, AddressClass::any};
  static constexpr std::array self{AddressClass::self, AddressClass::bare, AddressClass::any};
  static constexpr std::array domain{AddressClass::domain, AddressClass::any};
  static constexpr std::array bare{AddressClass::bare, AddressClass::any};
  static constexpr std::array full{AddressClass::full, AddressClass::any};
  switch (address) {
    case AddressClass::none: return none;
    case AddressClass::self: return self;
    case AddressClass::domain: return domain;
    case AddressClass::bare: return bare;
    case AddressClass::full: return full;
    case AddressClass::any: break;
  }
  return {};
}

}  // namespace

struct RouteTable::Claimed {
  Claimed() {
    for (auto& row : modules) row.fill(no_module);
  }
  ModuleIndex find(AddressClass stanza_address, When when) const {
    for (const AddressClass address : widening(stanza_address)) {
      const ModuleIndex module = modules[static_cast<std::size_t>(when)][static_cast<std::size_t>(address)];
      if (module != no_module) return module;
    }
    return no_module;
  }
  std::array<std::array<ModuleIndex, class_count + 1>, when_count> modules;
};

RouteTable::Targets RouteTable::resolve(const Claimed& exact, const Claimed& wildcard) {
  Targets targets;
  for (const When when : {When::bound, When::before_bind, When::before_login})
    for (const AddressClass address : {AddressClass::none, AddressClass::self, AddressClass::domain,
                                       AddressClass::bare, AddressClass::full}) {
      ModuleIndex module = exact.find(address, when);
      if (module == no_module) module = wildcard.find(address, when);
      targets.modules[place(address, when)] = module;
    }
  return targets;
}

Result<RouteTable> RouteTable::build(std::span<const Manifest* const> modules,
                                     std::span<const ModuleIndex> disabled) {
  if (modules.size() > modules_max)
    return Error{std::to_string(modules.size()) + " modules, more than the " + std::to_string(modules_max) +
                 " a host may have"};
  RouteTable table;
  // By kind and namespace.
  std::map<std::pair<Stanza::Kind, std::string>, Claimed> claimed;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const Manifest& manifest = *modules[i];
    if (table.module(manifest.name) != no_module)
      return Error{manifest.label() + " refused: " + modules[table.module(manifest.name)]->label() +
                   " is in the same set; a set has one version of a module"};
    const std::vector<std::string> conflicts = claim_conflicts(manifest, modules.first(i));
    if (!conflicts.empty()) return Error{conflicts.front()};
    const auto index = static_cast<ModuleIndex>(i);
    const bool is_disabled = std::ranges::find(disabled, index) != disabled.end();
    table.take(manifest, index, is_disabled ? Part::disabled : Part::serves);
    for (const Route& route : manifest.routes)
      claimed[{route.kind, route.ns}]
          .modules[static_cast<std::size_t>(route.when)][static_cast<std::size_t>(route.address)] = index;
  }

  const Claimed nothing;
  table.message_ = resolve(claimed[{Stanza::Kind::message, ""}], nothing);
  table.presence_ = resolve(claimed[{Stanza::Kind::presence, ""}], nothing);
  const Claimed& any_iq = claimed[{Stanza::Kind::iq, "*"}];
  const Claimed& any_nonza = claimed[{Stanza::Kind::nonza, "*"}];
  table.iq_other_ = resolve(nothing, any_iq);
  table.nonza_other_ = resolve(nothing, any_nonza);
  for (const auto& [key, routes] : claimed) {
    if (key.first == Stanza::Kind::iq) table.iq_.emplace(key.second, resolve(routes, any_iq));
    if (key.first == Stanza::Kind::nonza) table.nonza_.emplace(key.second, resolve(routes, any_nonza));
  }
  std::ranges::stable_sort(table.http_, [](const HttpRoute& a, const HttpRoute& b) {
    return a.claim.path.size() > b.claim.path.size();
  });
  std::ranges::sort(table.features_);
  table.features_.erase(std::unique(table.features_.begin(), table.features_.end()), table.features_.end());
  return table;
}

void RouteTable::take(const Manifest& manifest, ModuleIndex index, Part part) {
  names_.emplace(manifest.name, index);
  parts_.push_back(part);
  if (manifest.wants_stream) stream_ = index;
  if (manifest.wants_sessions && part == Part::serves) sessions_.push_back(index);
  for (const std::string& listener : manifest.lines) lines_.emplace(listener, index);
  for (const std::string& service : manifest.services) services_.emplace(service, index);
  for (const HttpClaim& claim : manifest.http) http_.push_back({claim, index});
  for (const CommandClaim& claim : manifest.commands)
    commands_.emplace(claim.name, Command{index, claim.is_everywhere});
  for (const TableClaim& claim : manifest.tables) tables_.emplace(claim.name, index);
  accepts_posts_.push_back(manifest.accepts_posts);
  accepts_posts_.back().push_back(manifest.name);
  if (part == Part::serves)
    features_.insert(features_.end(), manifest.features.begin(), manifest.features.end());
}

ModuleIndex RouteTable::lookup(Stanza::Kind kind, std::string_view ns, AddressClass address,
                               When when) const {
  check(address != AddressClass::any, "a stanza's address has a class");
  const std::size_t at = place(address, when);
  switch (kind) {
    case Stanza::Kind::message: return message_.modules[at];
    case Stanza::Kind::presence: return presence_.modules[at];
    case Stanza::Kind::iq: {
      const auto found = iq_.find(ns);
      return (found == iq_.end() ? iq_other_ : found->second).modules[at];
    }
    case Stanza::Kind::nonza: {
      const auto found = nonza_.find(ns);
      return (found == nonza_.end() ? nonza_other_ : found->second).modules[at];
    }
  }
  return no_module;
}

ModuleIndex RouteTable::line(std::string_view listener) const {
  const auto found = lines_.find(listener);
  return found == lines_.end() ? no_module : found->second;
}

std::vector<std::string> RouteTable::services() const {
  std::vector<std::string> labels;
  for (const auto& [label, module] : services_)
    if (parts_[module] == Part::serves) labels.push_back(label);
  std::ranges::sort(labels);
  return labels;
}

ModuleIndex RouteTable::service(std::string_view label) const {
  const auto found = services_.find(label);
  return found == services_.end() ? no_module : found->second;
}

RouteTable::Http RouteTable::http(std::string_view method, std::string_view path) const {
  Http found;
  for (const HttpRoute& route : http_) {
    const std::string& claimed = route.claim.path;
    const bool is_there = path.starts_with(claimed) &&
                          (path.size() == claimed.size() || claimed == "/" || path[claimed.size()] == '/');
    if (!is_there) continue;
    if (route.claim.method == method) return {route.module, route.claim.takes_head, {}};
    if (found.allowed.find(route.claim.method) == std::string::npos)
      found.allowed.append(found.allowed.empty() ? "" : ", ").append(route.claim.method);
  }
  return found;
}

RouteTable::Command RouteTable::command(std::string_view name) const {
  const auto found = commands_.find(name);
  return found == commands_.end() ? Command{} : found->second;
}

ModuleIndex RouteTable::table_owner(std::string_view table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? no_module : found->second;
}

ModuleIndex RouteTable::module(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? no_module : found->second;
}

bool RouteTable::accepts_posts(ModuleIndex receiver, std::string_view sender) const {
  return receiver < accepts_posts_.size() &&
         std::ranges::find(accepts_posts_[receiver], sender) != accepts_posts_[receiver].end();
}

std::vector<std::string> claim_conflicts(const Manifest& candidate, std::span<const Manifest* const> others) {
  std::vector<std::string> conflicts;
  const std::vector<std::string> claims = candidate.claims();
  for (const Manifest* other : others) {
    if (other->name == candidate.name) continue;
    const std::vector<std::string> theirs = other->claims();
    for (const std::string& claim : claims)
      if (std::ranges::find(theirs, claim) != theirs.end())
        conflicts.push_back(candidate.label() + " refused: it claims `" + claim + "`, which " +
                            other->label() + " has; take it from one of them, or push both as one set");
  }
  return conflicts;
}

}  // namespace hotline
