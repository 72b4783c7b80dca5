// hotline.table/1: the host's key/value tables, each row with a schema number.
//
// A row is of an account and lives at the account's home (else HL_E_ELSEWHERE). Tables are declared in
// the manifest; `durable` ones are on disk, the sender of the stanza being handled is acknowledged once
// they are. Rows stay when code changes; a row written with another schema is converted when it is
// first touched. [shard] for all calls.
#ifndef HOTLINE_CAP_TABLE_H
#define HOTLINE_CAP_TABLE_H

#include "hotline/host.h"

#define HL_CAP_TABLE "hotline.table/1"

#define HL_KEY_SIZE_MAX 3072u     // Bytes of a row's key.
#define HL_ROW_SIZE_MAX 1048576u  // Bytes of a row's value.

typedef struct hl_cap_table {
  uint32_t size;
  uint32_t reserved;
  // A number for a table of the manifest, for the calls below. HL_E_NONE: the manifest does not name it.
  // [shard] [stage]
  hl_status (*open)(const hl_host* host, hl_str name, uint32_t* table);
  // The row's value: valid until the row is changed or the event ends.
  hl_status (*get)(const hl_host* host, uint32_t table, hl_str account, hl_str key, hl_str* value);
  // HL_E_FULL: the account has as many rows in this table as it may. HL_E_DENIED: another module's.
  hl_status (*put)(const hl_host* host, uint32_t table, hl_str account, hl_str key, hl_str value);
  hl_status (*erase)(const hl_host* host, uint32_t table, hl_str account, hl_str key);
  // The first row of the account whose key is greater than `after` (absent: the first row). HL_E_NONE: no
  // more.
  hl_status (*next)(const hl_host* host, uint32_t table, hl_str account, hl_str after, hl_str* key,
                    hl_str* value);
  hl_status (*count)(const hl_host* host, uint32_t table, hl_str account, uint64_t* rows);
  // The next account of this shard that has rows in the table, after `after` (absent: the first), in no
  // order that means anything. For commands that list; not for the message path.
  hl_status (*next_account)(const hl_host* host, uint32_t table, hl_str after, hl_str* account);
} hl_cap_table;

#endif
