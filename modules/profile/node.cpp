#include "node.h"

#include <algorithm>
#include <charconv>

namespace hotline::profile {

using privacy::Refusal;

namespace {

constexpr std::string_view config_form = "http://jabber.org/protocol/pubsub#node_config";
constexpr std::string_view access_words[] = {"open", "presence", "whitelist"};

std::optional<Access> access_of(std::string_view word) {
  for (std::size_t i = 0; i < std::size(access_words); ++i)
    if (access_words[i] == word) return static_cast<Access>(i);
  return std::nullopt;
}
std::optional<std::uint32_t> number_of(std::string_view digits) {
  std::uint32_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}
std::optional<bool> truth_of(std::string_view word) {
  if (word == "1" || word == "true") return true;
  if (word == "0" || word == "false") return false;
  return std::nullopt;
}
std::string_view take_word(std::string_view& row) {
  const std::size_t end = row.find(' ');
  const std::string_view word = row.substr(0, end);
  row.remove_prefix(end == std::string_view::npos ? row.size() : end + 1);
  return word;
}

}  // namespace

std::string_view text(Access access) {
  return access_words[static_cast<std::size_t>(access)];
}

std::string Node::encode() const {
  std::string row(text(access));
  row.append(1, ' ').append(std::to_string(items_max));
  return row.append(is_persistent ? " 1" : " 0").append(sends_last ? " 1" : " 0");
}

std::optional<Node> Node::decode(std::string_view row) {
  const std::optional<Access> access = access_of(take_word(row));
  const std::optional<std::uint32_t> items_max = number_of(take_word(row));
  const std::optional<bool> is_persistent = truth_of(take_word(row));
  const std::optional<bool> sends_last = truth_of(row);
  if (!access || !items_max || !is_persistent || !sends_last) return std::nullopt;
  return Node{*access, *items_max, *is_persistent, *sends_last};
}

std::optional<Refusal> Node::take(const sdk::Element& form) {
  for (sdk::Element field = form.first(); field; field = field.next()) {
    if (!field.is("field", sdk::ns_forms)) continue;
    const std::string_view name = field.attr("var");
    const std::string_view value = field.child("value", sdk::ns_forms).text();
    if (name == "pubsub#access_model") {
      const std::optional<Access> wanted = access_of(value);
      if (!wanted)
        return Refusal{"modify", "not-acceptable", "the access models are open, presence and whitelist",
                       "<unsupported-access-model xmlns='http://jabber.org/protocol/pubsub#errors'/>"};
      access = *wanted;
    } else if (name == "pubsub#max_items") {
      const std::optional<std::uint32_t> wanted = value == "max" ? items_max_max : number_of(value);
      if (!wanted || *wanted == 0)
        return Refusal{"modify", "not-acceptable", "pubsub#max_items is a number from 1, or max"};
      items_max = std::min(*wanted, items_max_max);
    } else if (name == "pubsub#persist_items") {
      const std::optional<bool> wanted = truth_of(value);
      if (!wanted) return Refusal{"modify", "not-acceptable", "pubsub#persist_items is 1 or 0"};
      is_persistent = *wanted;
    } else if (name == "pubsub#send_last_published_item") {
      sends_last = value != "never";
    }
  }
  return std::nullopt;
}

void Node::write_form(sdk::Xml& xml) const {
  const auto field = [&xml](std::string_view name, std::string_view type, std::string_view value) {
    xml.open("field").attr("var", name).attr("type", type).leaf("value", value).close();
  };
  xml.open("x", sdk::ns_forms).attr("type", "form");
  field("FORM_TYPE", "hidden", config_form);
  xml.open("field").attr("var", "pubsub#access_model").attr("type", "list-single");
  xml.leaf("value", text(access));
  for (const std::string_view word : access_words) xml.open("option").leaf("value", word).close();
  xml.close();
  field("pubsub#max_items", "text-single", std::to_string(items_max));
  field("pubsub#persist_items", "boolean", is_persistent ? "1" : "0");
  field("pubsub#send_last_published_item", "text-single", sends_last ? "on_sub_and_presence" : "never");
  xml.close();
}

}  // namespace hotline::profile
