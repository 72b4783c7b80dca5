#include "upgrade/store_wire.h"

namespace hotline::upgrade {

namespace {

Error torn(const char* what) {
  return {std::string("what was said of the store is no ") + what};
}

std::string text_of(WireReader& in) {
  return std::string(in.text());
}

template <typename List>
void count(WireWriter& out, const List& list) {
  out.number(static_cast<std::uint32_t>(list.size()));
}

}  // namespace

std::string batch_bytes(const StoreBatch& batch) {
  WireWriter out;
  out.number(batch.shard).number(batch.number);
  count(out, batch.put_messages);
  for (const StoredMessage& its : batch.put_messages)
    out.number(its.id)
        .number(its.wall_ms)
        .number(its.tag)
        .number(its.flags)
        .text(its.account)
        .text(its.module)
        .text(its.body->bytes());
  count(out, batch.drop_messages);
  for (const std::uint64_t id : batch.drop_messages) out.number(id);
  count(out, batch.put_rows);
  for (const StoredRow& its : batch.put_rows)
    out.number(its.schema).text(its.table).text(its.account).text(its.key).text(its.value);
  count(out, batch.erase_rows);
  for (const StoreBatch::RowName& its : batch.erase_rows) out.text(its.table).text(its.account).text(its.key);
  return out.take();
}

Result<StoreBatch> read_batch(std::string_view bytes) {
  WireReader in(bytes);
  StoreBatch batch;
  batch.shard = in.number<std::uint32_t>();
  batch.number = in.number<std::uint64_t>();
  batch.put_messages.resize(in.count(40));
  for (StoredMessage& its : batch.put_messages) {
    its.id = in.number<std::uint64_t>();
    its.wall_ms = in.number<std::uint64_t>();
    its.tag = in.number<std::uint64_t>();
    its.flags = in.number<std::uint32_t>();
    its.account = text_of(in);
    its.module = text_of(in);
    its.body = Buffer::copy(in.text());
  }
  batch.drop_messages.resize(in.count(8));
  for (std::uint64_t& id : batch.drop_messages) id = in.number<std::uint64_t>();
  batch.put_rows.resize(in.count(20));
  for (StoredRow& its : batch.put_rows) {
    its.schema = in.number<std::uint32_t>();
    its.table = text_of(in);
    its.account = text_of(in);
    its.key = text_of(in);
    its.value = text_of(in);
  }
  batch.erase_rows.resize(in.count(12));
  for (StoreBatch::RowName& its : batch.erase_rows) {
    its.table = text_of(in);
    its.account = text_of(in);
    its.key = text_of(in);
  }
  if (!in.is_whole()) return torn("batch");
  return batch;
}

std::string ids_bytes(const std::vector<std::uint64_t>& ids) {
  WireWriter out;
  count(out, ids);
  for (const std::uint64_t id : ids) out.number(id);
  return out.take();
}

Result<std::vector<std::uint64_t>> read_ids(std::string_view bytes) {
  WireReader in(bytes);
  std::vector<std::uint64_t> ids(in.count(8));
  for (std::uint64_t& id : ids) id = in.number<std::uint64_t>();
  if (!in.is_whole()) return torn("list of ids");
  return ids;
}

std::string bodies_bytes(const StoredBodies& bodies) {
  WireWriter out;
  count(out, bodies);
  for (const Ref<const Buffer>& body : bodies) {
    out.number(static_cast<std::uint8_t>(body ? 1 : 0));
    out.text(body ? body->bytes() : std::string_view());
  }
  return out.take();
}

Result<StoredBodies> read_stored_bodies(std::string_view bytes) {
  WireReader in(bytes);
  StoredBodies bodies(in.count(5));
  for (Ref<const Buffer>& body : bodies) {
    const bool is_there = in.number<std::uint8_t>() != 0;
    const std::string_view text = in.text();
    if (is_there) body = Buffer::copy(text);
  }
  if (!in.is_whole()) return torn("list of bodies");
  return bodies;
}

std::string history_bytes(const std::vector<HistoryRecord>& records) {
  WireWriter out;
  count(out, records);
  for (const HistoryRecord& its : records)
    out.number(its.number).number(its.wall_ms).text(its.kind).text(its.json).text(its.chain);
  return out.take();
}

Result<std::vector<HistoryRecord>> read_history(std::string_view bytes) {
  WireReader in(bytes);
  std::vector<HistoryRecord> records(in.count(28));
  for (HistoryRecord& its : records) {
    its.number = in.number<std::uint64_t>();
    its.wall_ms = in.number<std::uint64_t>();
    its.kind = text_of(in);
    its.json = text_of(in);
    its.chain = text_of(in);
  }
  if (!in.is_whole()) return torn("history");
  return records;
}

std::string pair_bytes(std::string_view first, std::string_view second) {
  return WireWriter().text(first).text(second).take();
}

Result<std::pair<std::string, std::string>> read_pair(std::string_view bytes) {
  WireReader in(bytes);
  std::pair<std::string, std::string> both;
  both.first = text_of(in);
  both.second = text_of(in);
  if (!in.is_whole()) return torn("pair of texts");
  return both;
}

}  // namespace hotline::upgrade
