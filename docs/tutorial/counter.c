// counter: named counters over a line protocol: a module in plain C, to learn from.
//
//     inc NAME      adds one to NAME, and answers "NAME <value>"
//     get NAME      answers the same without adding
//
// It serves the listener named "counter": { "kind": "lines", "name": "counter", ... } in the configuration.
//
// Where things are   What is counted is a row of the durable table "counters": the host's, so a push, a
// rollback
//                    and a restart leave it as it is. An instance holds capabilities, numbers, and one name
//                    that it could find again: nothing that would be missed.
// Whose thread       A row is of an account (here: of the counter's name) and belongs to that account's home
//                    shard. A connection is on the shard that accepted it. So a line travels:
//
//     on_line, the connection's shard  --topic_ask-->   on_post, the counter's home: the row changes
//     on_post, the connection's shard  <--topic_tell--  the answer is written
//
//                    So answers about one counter come in the order of the questions; those about two, or
//                    that a line is none, may overtake one another. Who asks closes the connection when all
//                    have come: closed here, it would be gone before those that still travel.
//                    The first post goes to NAME. The second goes to an account whose home is the
//                    connection's shard, which each instance looks for: see find_own().
// Transactions       Each of these calls takes effect whole when it returns HL_OK, or not at all. An answer
// says
//                    that the counter has its value, not yet that it is on disk.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hotline/cap/post.h"
#include "hotline/cap/stream.h"
#include "hotline/cap/table.h"
#include "hotline/module.h"

// Numbers that one generation posts and the next may receive: part of what must stay compatible.
#define TOPIC_ASK 1u   // To NAME: "<stream> <account to answer to> inc" or "... get".
#define TOPIC_TELL 2u  // To the account named in the question: "<stream> <the line to write>".

#define NAME_SIZE_MAX 64u
#define OWN_TRIES_MAX 4096

HL_MANIFEST(
    "about Named counters, for the tutorial\n"
    "needs hotline.stream/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "table counters durable writes 1 reads 1\n"
    "line counter\n");

struct hl_instance {
  const hl_host* host;
  const hl_cap_stream* streams;
  const hl_cap_post* posts;
  const hl_cap_table* tables;
  uint32_t counters;
  char own[32];  // An account whose home is this shard; empty until it was looked for.
};

static hl_str str(const char* text) {
  return (hl_str){text, strlen(text)};
}

static hl_status create(const hl_host* host, hl_instance** out) {
  hl_instance* self = calloc(1, sizeof(*self));
  if (self == NULL) return HL_E_FULL;
  self->host = host;
  self->streams = host->capability(host, HL_CAP_STREAM);
  self->posts = host->capability(host, HL_CAP_POST);
  self->tables = host->capability(host, HL_CAP_TABLE);
  hl_status status = HL_E_NONE;
  if (self->streams != NULL && self->posts != NULL && self->tables != NULL)
    status = self->tables->open(host, str("counters"), &self->counters);
  if (status != HL_OK) {
    free(self);
    return status;
  }
  *out = self;
  return HL_OK;
}

static void destroy(hl_instance* self) {
  free(self);
}

// Some name whose home is this shard. The table says of which names it is not.
static int find_own(hl_instance* self) {
  for (int i = 0; self->own[0] == '\0' && i < OWN_TRIES_MAX; ++i) {
    char name[sizeof(self->own)];
    snprintf(name, sizeof(name), "answers-%d", i);
    uint64_t rows = 0;
    if (self->tables->count(self->host, self->counters, str(name), &rows) == HL_OK)
      memcpy(self->own, name, sizeof(name));
  }
  return self->own[0] != '\0';
}

// Writes a line. A connection that has gone meanwhile does not mind.
static hl_status tell(hl_instance* self, hl_stream stream, hl_str line) {
  const hl_status status = self->streams->send(self->host, stream, line);
  return status == HL_E_GONE ? HL_OK : status;
}

static int is_name(hl_str name) {
  if (name.size == 0 || name.size > NAME_SIZE_MAX) return 0;
  for (uint64_t i = 0; i < name.size; ++i) {
    const char c = name.data[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return 0;
  }
  return 1;
}

static hl_status on_line(hl_instance* self, const hl_line_event* event) {
  const hl_str line = event->line;
  const int is_inc = line.size > 4 && memcmp(line.data, "inc ", 4) == 0;
  const int is_get = line.size > 4 && memcmp(line.data, "get ", 4) == 0;
  if (!is_inc && !is_get) return tell(self, event->stream, str("say: inc NAME or get NAME"));
  const hl_str name = {line.data + 4, line.size - 4};
  if (!is_name(name)) return tell(self, event->stream, str("a name is 1 to 64 of a-z, 0-9 and -"));
  if (!find_own(self)) return tell(self, event->stream, str("not now"));

  char question[96];
  snprintf(question, sizeof(question), "%" PRIu64 " %s %s", event->stream, self->own, is_inc ? "inc" : "get");
  const hl_status status = self->posts->bytes(self->host, name, TOPIC_ASK, str(question));
  if (status == HL_E_FULL) return tell(self, event->stream, str("too busy: try again"));
  return status;
}

static uint64_t number_of(hl_str digits) {
  uint64_t number = 0;
  for (uint64_t i = 0; i < digits.size && digits.data[i] >= '0' && digits.data[i] <= '9'; ++i)
    number = number * 10 + (uint64_t)(digits.data[i] - '0');
  return number;
}

// At the counter's home: the row, and the answer.
static hl_status on_ask(hl_instance* self, const hl_post_event* event) {
  char question[96];
  if (event->bytes.size >= sizeof(question)) return HL_E_NONE;
  memcpy(question, event->bytes.data, event->bytes.size);
  question[event->bytes.size] = '\0';
  uint64_t stream = 0;
  char answer_to[sizeof(self->own)], wish[4];
  if (sscanf(question, "%" SCNu64 " %31s %3s", &stream, answer_to, wish) != 3) return HL_E_NONE;

  uint64_t value = 0;
  hl_str row;
  const hl_status got = self->tables->get(self->host, self->counters, event->account, str("value"), &row);
  if (got == HL_OK)
    value = number_of(row);
  else if (got != HL_E_NONE)
    return got;
  if (strcmp(wish, "inc") == 0) {
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, ++value);
    // Any answer but HL_OK: the host undoes the call, and charges this generation with a fault.
    const hl_status put =
        self->tables->put(self->host, self->counters, event->account, str("value"), str(digits));
    if (put != HL_OK) return put;
  }
  char answer[192];
  snprintf(answer, sizeof(answer), "%" PRIu64 " %.*s %" PRIu64, stream, (int)event->account.size,
           event->account.data, value);
  return self->posts->bytes(self->host, str(answer_to), TOPIC_TELL, str(answer));
}

static hl_status on_post(hl_instance* self, const hl_post_event* event) {
  if (event->topic == TOPIC_ASK) return on_ask(self, event);
  if (event->topic != TOPIC_TELL) return HL_E_NONE;
  const char* space = memchr(event->bytes.data, ' ', event->bytes.size);
  if (space == NULL) return HL_E_NONE;
  const uint64_t head = (uint64_t)(space - event->bytes.data) + 1;
  return tell(self, number_of(event->bytes), (hl_str){event->bytes.data + head, event->bytes.size - head});
}

HL_MODULE = {
    .magic = HL_MODULE_MAGIC,
    .size = sizeof(hl_module_entry),
    .abi_major = HL_ABI_MAJOR,
    .abi_minor = HL_ABI_MINOR,
    .manifest = hl_manifest_text,
    .create = create,
    .destroy = destroy,
    .on_line = on_line,
    .on_post = on_post,
};
