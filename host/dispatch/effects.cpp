// What a call asked for, done once it has returned well.
#include "dispatch/calls.h"
#include "dispatch/http_requests.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {

// What each part of a call holds of the sender's receipt.
bool holds_receipt(const Effect& effect) {
  return effect.kind == Effect::Kind::mailbox_put || effect.kind == Effect::Kind::fan_out ||
         (effect.kind == Effect::Kind::post && effect.flag);
}

HttpResponse response_of(const Effect& effect) {
  return {effect.number, http_fields_of(effect.text), std::string(effect.bytes->bytes())};
}

FileTransfers::Outgoing outgoing_of(const Effect& effect, const std::string& module_name) {
  return {.request = effect.number64,
          .response = {effect.number, http_fields_of(effect.text), {}},
          .module_name = module_name,
          .name = std::string(effect.text2),
          .offset = effect.handle,
          .length = effect.handle2};
}

}  // namespace

void Calls::commit() {
  // The event holds the sender's receipt once; whatever lives on after it takes a part over.
  const Receipt receipt = transaction_.receipt();
  Receipt part = receipt;
  if (receipt) {
    std::uint32_t parts = transaction_.rows().empty() ? 0 : 1;
    for (const Effect& effect : transaction_.effects())
      if (holds_receipt(effect)) ++parts;
    if (parts == 0) {
      shard_.release(receipt);
      part = {};
    } else if (parts > 1) {
      part = shard_.share(receipt, parts);
    }
  }
  write_rows();
  if (part && !transaction_.rows().empty()) shard_.window.wait(part);
  // Effects may cause notices, which wait, but never calls: the list does not change while it runs.
  for (Effect& effect : transaction_.effects()) apply(effect, part);
  transaction_.end();
}

void Calls::write_rows() {
  for (const RowTouch& row : transaction_.rows()) {
    const std::string& table = shard_.world.tables->table(row.table).name;
    const Account* account = shard_.accounts.find(row.account);
    const TableRows* rows =
        account == nullptr ? nullptr : const_cast<Account*>(account)->rows.find(row.table);
    const auto found = rows == nullptr ? TableRows::const_iterator{} : rows->find(row.key);
    if (rows != nullptr && found != rows->end()) {
      shard_.window.put_row(table, row.account, row.key, found->second.schema, found->second.value);
    } else {
      shard_.window.erase_row(table, row.account, row.key);
    }
  }
}

void Calls::apply(Effect& effect, const Receipt& part) {
  Sessions& sessions = shard_.sessions;
  Streams& streams = shard_.streams;
  const auto its_name = [this] { return shard_.world.modules->name(transaction_.module()); };
  switch (effect.kind) {
    case Effect::Kind::stream_send: return streams.send(effect.handle, effect.bytes->bytes());
    case Effect::Kind::stream_close: return streams.close(effect.handle, effect.text, effect.text2);
    case Effect::Kind::stream_start_tls: return streams.start_tls(effect.handle, effect.bytes->bytes());
    case Effect::Kind::stream_move: return streams.move(effect.handle, effect.text);
    case Effect::Kind::stream_login:
      if (!effect.bytes) return streams.log_in(effect.handle);
      return streams.login(effect.handle, effect.text, effect.bytes->bytes());
    case Effect::Kind::stream_line:
      if (Stream* stream = streams.find(effect.handle)) stream->connection->write_line(effect.bytes->bytes());
      return;
    case Effect::Kind::session_bind: {
      Session* session = sessions.find(effect.handle2);
      Stream* stream = streams.find(effect.handle);
      if (session == nullptr) return;
      if (stream == nullptr) return sessions.forget(effect.handle2);
      return sessions.commit_bind(*stream, *session);
    }
    case Effect::Kind::session_end:
      if (Session* session = sessions.find(effect.handle)) sessions.end(*session, effect.text, effect.text2);
      return;
    case Effect::Kind::session_send:
      if (Session* session = sessions.find(effect.handle))
        sessions.send(*session, std::move(effect.bytes), effect.flag);
      return;
    case Effect::Kind::session_entry:
      if (Session* session = sessions.find(effect.handle))
        sessions.send_entry(*session, std::move(effect.entry), std::move(effect.bytes), effect.flag);
      return;
    case Effect::Kind::session_nonza:
      if (Session* session = sessions.find(effect.handle))
        sessions.send_nonza(*session, effect.bytes->bytes());
      return;
    case Effect::Kind::session_enable:
      if (Session* session = sessions.find(effect.handle))
        sessions.enable(*session, effect.bytes->bytes(), effect.text, effect.number);
      return;
    case Effect::Kind::session_ack:
      if (Session* session = sessions.find(effect.handle)) sessions.acknowledge(*session, effect.number);
      return;
    case Effect::Kind::session_resume:
      return sessions.resume(effect.handle, effect.handle2, effect.number, effect.text);
    case Effect::Kind::mailbox_put:
      effect.entry->receipt = part;
      return sessions.put(shard_.accounts.get(effect.text), std::move(effect.entry));
    case Effect::Kind::mailbox_drain:
      if (Session* session = sessions.find(effect.handle)) sessions.drain(*session);
      return;
    case Effect::Kind::mailbox_remove:
      if (Account* account = shard_.accounts.find(effect.text)) sessions.accept(*account, *effect.entry);
      return;
    case Effect::Kind::mailbox_purge:
      if (Account* account = shard_.accounts.find(effect.text)) sessions.purge(*account);
      return;
    case Effect::Kind::timer_set:
      return shard_.module_timers.set(transaction_.module(), std::string(effect.text),
                                      std::string(effect.text2), effect.number64, std::move(effect.bytes));
    case Effect::Kind::timer_cancel:
      return shard_.module_timers.cancel(transaction_.module(), std::string(effect.text),
                                         std::string(effect.text2));
    case Effect::Kind::post: {
      Post post;
      post.kind = effect.flag ? Post::Kind::stanza : Post::Kind::bytes;
      post.module = static_cast<std::uint16_t>(effect.number64);
      post.topic = effect.number;
      post.set = serving_->number;
      ++serving_->posted;
      post.buffer = std::move(effect.bytes);
      post.address(effect.text);
      if (effect.flag) post.receipt = part;
      return shard_.post(std::move(post));
    }
    case Effect::Kind::fan_out: serving_->posted += shard_.fan_out(effect, serving_->number, part); return;
    case Effect::Kind::work:
      ++serving_->posted;  // Its result comes as a post.
      return transaction_.work(effect)();
    case Effect::Kind::http_respond: {
      auto answer = [&shard = shard_, request = effect.number64, response = response_of(effect)]() mutable {
        shard.requests.respond(request, std::move(response));
      };
      if (shard_.window.has_open_rows()) return shard_.window.wait(std::function<void()>(std::move(answer)));
      return answer();
    }
    case Effect::Kind::http_file: {
      auto answer = [&shard = shard_, outgoing = outgoing_of(effect, its_name())]() mutable {
        shard.files.send(std::move(outgoing));
      };
      if (shard_.window.has_open_rows()) return shard_.window.wait(std::function<void()>(std::move(answer)));
      return answer();
    }
    case Effect::Kind::file_erase: {
      auto erase = [&world = shard_.world, module = its_name(), name = std::string(effect.text),
                    digest = std::string(effect.text2)] {
        const auto step = [&world, module, name, digest] { world.files->erase(module, name, digest); };
        static_cast<void>(world.file_pool->submit(step));  // Else it is stranded, and found by list().
      };
      if (shard_.window.has_open_rows()) return shard_.window.wait(std::function<void()>(std::move(erase)));
      return erase();
    }
    case Effect::Kind::command_reply: {
      auto answer = [&world = shard_.world, command = effect.number64, is_refusal = effect.flag,
                     json = std::string(effect.text)]() mutable {
        world.command_answered(command, is_refusal, std::move(json));
      };
      if (shard_.window.has_open_rows()) return shard_.window.wait(std::function<void()>(std::move(answer)));
      return answer();
    }
  }
}

}  // namespace hotline
