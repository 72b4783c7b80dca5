#include "net/http_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <optional>

#include "net/ascii.h"

namespace hotline {

namespace {

namespace beast = boost::beast;

// A chunk's first line is a size in hexadecimal digits; the end behind the last one is a few bytes, too.
constexpr std::size_t chunk_line_bytes_max = 64;
// The last chunk, and nothing shorter ends a body. Beast 1.74 asserts as much once it has seen the first line
// of that chunk, wherever the bytes were cut.
constexpr std::size_t chunks_end_bytes = std::string_view("0\r\n\r\n").size();

std::string_view text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = ascii_lower(c);
  return made;
}

bool is_letter_or_digit(char c) {
  return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9');
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

// What a line of a head may not have: an end that only some programs see, or a continuation of the line
// before.
bool has_only_whole_lines(std::string_view head) {
  for (std::size_t at = 0; at < head.size(); ++at) {
    if (head[at] == '\n' && (at == 0 || head[at - 1] != '\r')) return false;
    if (head[at] == '\r' && (at + 1 == head.size() || head[at + 1] != '\n')) return false;
    if (head[at] == '\n' && at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t'))
      return false;
    if (head[at] == '\0') return false;
  }
  return true;
}

// RFC 3986's characters of a path or query, whole percent-encodings, and none that stand for '/', '\\' or
// NUL.
bool has_plain_characters(std::string_view text, std::string_view more) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=:@/";
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '%') {
      if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
      const std::string code = lower(text.substr(at + 1, 2));
      if (code == "2f" || code == "5c" || code == "00") return false;
      at += 2;
    } else if (!is_letter_or_digit(c) && marks.find(c) == std::string_view::npos &&
               more.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// Segments that mean another place than they say.
bool has_dot_segment(std::string_view path) {
  std::string plain = lower(path);
  for (std::size_t at = plain.find("%2e"); at != std::string::npos; at = plain.find("%2e"))
    plain.replace(at, 3, ".");
  std::string_view rest = std::string_view(plain).substr(1);
  for (;;) {
    const std::size_t end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    if (segment == "." || segment == ".." || (segment.empty() && end != std::string_view::npos)) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

// The name of a Host field in lower case, without its port; nothing when it is none.
std::optional<std::string> host_name(std::string_view host) {
  constexpr std::size_t bytes_max = 255;
  if (host.empty() || host.size() > bytes_max) return std::nullopt;
  std::size_t end = host.front() == '[' ? host.find(']') : host.find(':');
  if (host.front() == '[') {
    if (end == std::string_view::npos) return std::nullopt;
    ++end;
  }
  const std::string_view name = host.substr(0, end);
  const std::string_view port = end >= host.size() ? std::string_view() : host.substr(end);
  if (!port.empty() &&
      (port.front() != ':' || port.size() > 6 ||
       !std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; })))
    return std::nullopt;
  const std::string_view inner = name.front() == '[' ? name.substr(1, name.size() - 2) : name;
  const std::string_view marks = name.front() == '[' ? ":." : ".-_";
  if (inner.empty() || !std::all_of(inner.begin(), inner.end(), [&](char c) {
        return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
      }))
    return std::nullopt;
  return lower(name);
}

beast::error_code stop() {
  return beast::http::make_error_code(beast::http::error::bad_value);
}

}  // namespace

// One request while it is read. Beast calls the on_..._impl.
struct HttpReader::Message final : beast::http::basic_parser<true> {
  explicit Message(const HttpLimits& its_limits) : limits(its_limits) {
    header_limit(limits.head_bytes_max + 1);  // Counted before it gets here.
    // Of what is collected: read_body. (No limit at all is taken by Beast for one that any length is above.)
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  // What is wrong beyond what Beast says itself.
  void refuse(unsigned status, std::string_view why, beast::error_code& error) {
    if (problem.status == 200) problem = http_problem(status, why);
    error = stop();
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code& error) override {
    if (version != 11) return refuse(505, "The version has to be HTTP/1.1.", error);
    if (target.size() > limits.target_bytes_max)
      return refuse(414, "A target may have " + std::to_string(limits.target_bytes_max) + " bytes.", error);
    request.method = text_of(method);
    const std::string_view all = text_of(target);
    const std::size_t mark = all.find('?');
    request.path = all.substr(0, mark);
    request.has_query = mark != std::string_view::npos;
    if (request.has_query) request.query = all.substr(mark + 1);
    if (!request.path.starts_with('/') || !has_plain_characters(request.path, "") ||
        !has_plain_characters(request.query, "?") || has_dot_segment(request.path))
      refuse(400, "The target has to be a plain absolute path: no dot segments, no empty ones.", error);
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code& error) override { error = stop(); }

  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code& error) override {
    if (is_header_done()) return refuse(400, "Trailers are not taken.", error);
    if (request.fields.size() == limits.fields_max)
      return refuse(431, "A request may have " + std::to_string(limits.fields_max) + " fields.", error);
    HttpField& field = request.fields.emplace_back();
    field.name = lower(text_of(name));
    field.value = text_of(value);
    constexpr std::string_view once[] = {"host", "content-length", "transfer-encoding", "expect"};
    for (const std::string_view each : once)
      if (field.name == each && request.field(each) != &field.value)
        return refuse(400, "A field that may be there once is there twice.", error);
    if (field.name == "content-length" &&
        (field.value.empty() || field.value.size() > 19 ||
         !std::all_of(field.value.begin(), field.value.end(), [](char c) { return c >= '0' && c <= '9'; })))
      return refuse(400, "Content-Length has to be a number.", error);
    if (field.name == "transfer-encoding" && !equal_ignoring_case(field.value, "chunked"))
      return refuse(501, "No transfer coding but chunked is known.", error);
    if (request.field("content-length") != nullptr && request.field("transfer-encoding") != nullptr)
      refuse(400, "A request has a length or a transfer coding, never both.", error);
  }
  void on_header_impl(beast::error_code& error) override {
    const std::string* host = request.field("host");
    const std::optional<std::string> name = host == nullptr ? std::nullopt : host_name(*host);
    if (!name) return refuse(400, "A Host field is needed.", error);
    request.host = *name;
    const std::string* expect = request.field("expect");
    if (expect != nullptr && !equal_ignoring_case(*expect, "100-continue"))
      return refuse(417, "No expectation but 100-continue is known.", error);
    request.awaits_continue = expect != nullptr;
    request.keeps_alive = keep_alive();
    request.has_body = !is_done();
    if (const std::string* length = request.field("content-length"))
      request.content_length = std::stoull(*length);  // Nineteen digits at the most.
  }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view part, beast::error_code&) override {
    body.append(part.data(), part.size());
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view extensions, beast::error_code& error) override {
    if (!extensions.empty()) refuse(400, "Chunk extensions are not taken.", error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view part, beast::error_code& error) override {
    return on_body_impl(part, error);
  }
  void on_finish_impl(beast::error_code&) override {}

  const HttpLimits limits;
  HttpRequest request;
  std::string body;
  std::string window;  // Of chunked bytes: what Beast has not taken yet.
  bool is_streamed = false;
  std::uint64_t left = 0;                // Of a streamed body.
  HttpResponse problem = {200, {}, {}};  // Status 200: none.
};

std::size_t HttpReader::held_bytes() const {
  return heap_bytes(head_) + heap_bytes(message_.get()) +
         (message_ == nullptr ? 0 : heap_bytes(message_->body));
}

HttpReader::HttpReader(const HttpLimits& limits) : limits_(limits) {}
HttpReader::~HttpReader() = default;
HttpReader::HttpReader(HttpReader&&) noexcept = default;
HttpReader& HttpReader::operator=(HttpReader&&) noexcept = default;

HttpRequest& HttpReader::head() {
  return message_->request;
}

std::string HttpReader::take_body() {
  std::string body = std::move(message_->body);
  message_.reset();
  return body;
}

void HttpReader::stream_body() {
  message_->is_streamed = true;
  message_->left = message_->request.content_length.value_or(0);
}

std::string HttpReader::take_part() {
  return std::move(message_->body);
}

HttpReader::Found HttpReader::refuse(unsigned status, std::string_view why) {
  problem_ = http_problem(status, why);
  has_failed_ = true;
  std::string().swap(head_);
  message_.reset();
  return Found::error;
}

HttpReader::Found HttpReader::next(std::string_view& input) {
  if (has_failed_) {
    input = {};
    return Found::need_more;
  }
  return message_ == nullptr ? read_head(input) : read_body(input);
}

HttpReader::Found HttpReader::read_head(std::string_view& input) {
  while (!input.empty()) {
    // Said at its first byte: whatever else it is (TLS, an XML stream) may never send an empty line.
    if (head_.empty() && (input.front() < 'A' || input.front() > 'Z'))
      return refuse(400, "This is not an HTTP/1.1 request.");
    const std::size_t end = input.find('\n');
    const std::size_t size = end == std::string_view::npos ? input.size() : end + 1;
    if (head_.size() + size > limits_.head_bytes_max)
      return refuse(431, "A request's head may have " + std::to_string(limits_.head_bytes_max) + " bytes.");
    head_.append(input.substr(0, size));
    input.remove_prefix(size);
    if (head_.ends_with("\r\n\r\n")) return parse_head();
    if (head_.ends_with('\n') && !head_.ends_with("\r\n")) return refuse(400, "Lines end with CR LF.");
  }
  return Found::need_more;
}

HttpReader::Found HttpReader::parse_head() {
  if (!has_only_whole_lines(head_)) return refuse(400, "Lines end with CR LF and are not continued.");
  auto message = std::make_unique<Message>(limits_);
  beast::error_code error;
  message->put(boost::asio::const_buffer(head_.data(), head_.size()), error);
  std::string().swap(head_);
  if (message->problem.status != 200) {
    problem_ = std::move(message->problem);
    has_failed_ = true;
    return Found::error;
  }
  if (error == beast::http::error::bad_version) return refuse(505, "The version has to be HTTP/1.1.");
  if (error || !message->is_header_done()) return refuse(400, "This is not an HTTP/1.1 request.");
  // Chunks are always collected.
  if (message->chunked()) message->body_limit(boost::optional<std::uint64_t>(limits_.body_bytes_max));
  message_ = std::move(message);
  return Found::head;
}

HttpReader::Found HttpReader::read_body(std::string_view& input) {
  if (message_->is_streamed) return read_part(input);
  if (message_->is_done()) return Found::body;
  if (message_->request.content_length > limits_.body_bytes_max)
    return refuse(413, "A body may have " + std::to_string(limits_.body_bytes_max) + " bytes.");
  if (message_->chunked()) return read_chunks(input);
  if (input.empty()) return Found::need_more;
  beast::error_code error;
  input.remove_prefix(message_->put(boost::asio::const_buffer(input.data(), input.size()), error));
  if (error) return refuse(400, "The body cannot be read.");
  return message_->is_done() ? Found::body : Found::need_more;
}

// Its length is known and was checked: there is nothing in it to be understood.
HttpReader::Found HttpReader::read_part(std::string_view& input) {
  if (message_->left == 0) return Found::body;
  if (input.empty()) return Found::need_more;
  const std::size_t taken = std::min<std::uint64_t>(message_->left, input.size());
  message_->body.assign(input.substr(0, taken));
  message_->left -= taken;
  input.remove_prefix(taken);
  return Found::part;
}

// Beast is shown a small window at a time: what a chunk's line may have is then the same in any pieces.
HttpReader::Found HttpReader::read_chunks(std::string_view& input) {
  std::string& window = message_->window;
  for (;;) {
    const std::size_t taken = std::min(input.size(), chunk_line_bytes_max - window.size());
    window.append(input.substr(0, taken));
    input.remove_prefix(taken);
    if (window.size() < chunks_end_bytes) return Found::need_more;
    beast::error_code error;
    const std::size_t used = message_->put(boost::asio::const_buffer(window.data(), window.size()), error);
    window.erase(0, used);
    if (error && error != beast::http::error::need_more) {
      if (message_->problem.status != 200) {
        problem_ = std::move(message_->problem);
        has_failed_ = true;
        message_.reset();
        return Found::error;
      }
      if (error == beast::http::error::body_limit)
        return refuse(413, "A body may have " + std::to_string(limits_.body_bytes_max) + " bytes.");
      return refuse(400, "A chunk cannot be read.");
    }
    if (message_->is_done()) break;
    if (used > 0) continue;
    if (window.size() == chunk_line_bytes_max) return refuse(400, "A chunk cannot be read.");
    return Found::need_more;
  }
  // What was looked at behind the end is the next request's. All of it came with this input: what was in the
  // window before could not be the end.
  input = std::string_view(input.data() - window.size(), input.size() + window.size());
  return Found::body;
}

}  // namespace hotline
