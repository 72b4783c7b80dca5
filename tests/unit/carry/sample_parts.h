// A partition in which everything is set that can be.
#pragma once

#include "carry/partition_format.h"

namespace hotline::test {

inline CarriedConnection sample_connection() {
  CarriedConnection one;
  one.handle = 0x0100000200000003;
  one.session = 0x0100000100000001;
  one.account = "anna@localhost";
  one.lang = "de";
  one.peer = "192.0.2.7";
  one.is_loopback = true;
  one.was_told = true;
  one.failures = 2;
  one.deadline_left_us = 12'345;
  one.has_tls = one.is_opened = one.had_partial = one.was_heard = one.has_input = true;
  one.tls = std::string("HLTS\0secret", 11);
  one.input = "<message";
  one.output = "<r xmlns='urn:xmpp:sm:3'/>";
  one.unsent = std::string("\x17\x03\x03\x00", 4);
  one.sent_bytes = 1u << 31;
  one.framer = {"anna@localhost/phone", "de", " xmlns:x='urn:x'", "<mess", true, {}};
  return one;
}

inline CarriedSession sample_session() {
  CarriedSession one;
  one.handle = 0x0100000100000001;
  one.resource = "phone";
  one.sm_id = "0123456789abcdef";
  one.since_wall_ms = 1'700'000'000'000;
  one.stream = 0x0100000200000003;
  one.has_sm = one.is_requested = one.owes_answer = true;
  one.owed = 7, one.owed_last = 9, one.before = 1, one.acknowledged = 3, one.resume_s = 300;
  one.owed_age_us = 1'000, one.requested_age_us = 2'000;
  one.request = Buffer::copy("<r xmlns='urn:xmpp:sm:3'/>");
  one.received = 9;
  one.holds = {0, 2, 1};
  one.fields = {{0, -5}, {1, 1 << 20}};
  one.unacknowledged = {{11, true, nullptr}, {0, false, Buffer::copy("<presence></presence>")}};
  one.is_draining = true;
  one.drained = 11;
  one.quiet_s = 8;
  return one;
}

inline CarriedParts sample_parts() {
  CarriedParts parts;
  parts.head.partition = 17;
  parts.head.host = 3;
  parts.head.entry_id = 12;
  parts.head.modules = {"routing", "presence"};
  parts.head.fields = {"presence.priority", "routing.carbons"};
  parts.head.listeners = {"xmpp"};
  parts.head.tables = {{"roster", true}, {"presence", false}};
  CarriedAccount account;
  account.address = "anna@localhost";
  CarriedEntry in_memory, on_disk;
  in_memory.id = 11;
  in_memory.tag = 4;
  in_memory.wall_ms = 1'700'000'000'000;
  in_memory.flags = 1;
  in_memory.kept = static_cast<std::uint8_t>(CarriedEntry::Kept::with_store);
  in_memory.body = Buffer::copy("<message><body>1</body></message>");
  in_memory.body_bytes = static_cast<std::uint32_t>(in_memory.body->size());
  in_memory.receipt = {0x0100000100000001, 8, 1, 3, 17};
  on_disk.id = 12;
  on_disk.body_bytes = 100;
  on_disk.kept = static_cast<std::uint8_t>(CarriedEntry::Kept::on_disk);
  on_disk.is_expiring = true;
  account.entries = {in_memory, on_disk};
  account.rows = {{0, 2, "bert@localhost", "both"}, {1, 1, "phone", std::string("\0\xff", 2)}};
  account.timers = {{1, "away", 3'000'000, Buffer::copy("x")}, {0, "later", 0, nullptr}};
  parts.accounts.push_back(account);
  parts.accounts.push_back({"bert@localhost", {}, {}, {}});
  parts.sessions.push_back(sample_session());
  CarriedSession& detached = parts.sessions.emplace_back();
  detached.handle = 0x0100000500000001;
  detached.account = 1;
  detached.resource = "tablet";
  detached.resume_left_us = 250'000'000;
  parts.connections.push_back(sample_connection());
  return parts;
}

}  // namespace hotline::test
