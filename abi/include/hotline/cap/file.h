// hotline.file/1: files of this module: bodies of requests that go to disk, and answers that come from there.
//
// The host moves the bytes between socket and disk, off the loops: they never pass through a module, and no
// shard waits for a disk. A file has a name of 16 to 128 lower-case hexadecimal digits, which its module
// chooses (its first four are its folder, so they should be as random as the rest), and belongs to the module
// alone. What it is for is in the module's rows, made before the file and erased before it: what a crash
// leaves without a row is found with list(). [shard] for all calls.
#ifndef HOTLINE_CAP_FILE_H
#define HOTLINE_CAP_FILE_H

#include "hotline/host.h"
#include "hotline/module.h"

#define HL_CAP_FILE "hotline.file/1"

#define HL_FILE_WORDS_MAX 16u
#define HL_FILE_ASK UINT64_MAX  // receive(): takes nothing, and says how much there is.

typedef struct hl_cap_file {
  uint32_t size;
  uint32_t reserved;
  // Has the body of `request` written into a file of `size` bytes, from byte `offset` on: 0 begins it anew.
  // The request came by a route that takes heads (the manifest's `http METHOD /path head`), or has no body.
  // What became of it comes to on_work at the home of `account` with `token`, once:
  //   HL_OK         all `size` bytes are there, whole and on disk: "SIZE SHA256", the latter in digits
  //   HL_E_INVALID  `offset` is not where the file ends (always so for HL_FILE_ASK): how many bytes there are
  //   HL_E_EXISTS   another request is writing it
  //   HL_E_FULL     the disk did not take it: why
  //   HL_E_GONE     the peer left before the end: how many bytes there are; they stay. Or too many transfers
  //                 are under way, in all or of that peer, and the host has told it so
  // It is for the module to answer the request then, but for the last.
  // HL_E_NONE: this host keeps no files. HL_E_INVALID: a name that is none.
  hl_status (*receive)(const hl_host* host, hl_request request, hl_str name, uint64_t offset, uint64_t size,
                       hl_str account, hl_str token);
  // Answers `request`, as http.respond does, with `length` bytes of a whole file from `offset` on; a peer
  // whose file is not there (any more) is answered 404, one of too many 429 or 503. HL_E_GONE as there.
  hl_status (*send)(const hl_host* host, hl_request request, uint32_t status, const hl_http_field* fields,
                    uint64_t field_count, hl_str name, uint64_t offset, uint64_t length);
  // Removes a file, whole or not, once the durable changes of this call are on disk. One that is not there is
  // passed over. `digest`: its SHA-256 in digits, as receive() told it; absent: not known. The bytes of files
  // that are the same are there once, and go at once with the last of them whose digest is told, else within
  // a day.
  hl_status (*erase)(const hl_host* host, hl_str name, hl_str digest);
  // The names of the files, whole or not, of one folder (four digits): on_work at the home of `account` with
  // `token`, each on a line. Bytes of that folder that belong to no file any more are removed.
  hl_status (*list)(const hl_host* host, hl_str folder, hl_str account, hl_str token);
  // Makes a file with the bytes of another one of this module that is whole and has this digest: on_work at
  // the home of `account` with `token`: HL_OK "SIZE SHA256", or HL_E_GONE: there is none. Whether somebody
  // may have it is for the module to know: a digest is no secret.
  hl_status (*copy)(const hl_host* host, hl_str digest, hl_str name, hl_str account, hl_str token);
  // Moves those whole files of one folder (four digits) to slower storage whose bytes came `age_s` seconds
  // ago or earlier: on_work at the home of `account` with `token`: "FILES BYTES", how much that was;
  // HL_E_FULL: it took no more than that. They are there as before, for all calls. HL_E_NONE: none is
  // configured (files.archive_dir).
  hl_status (*archive)(const hl_host* host, hl_str folder, uint64_t age_s, hl_str account, hl_str token);
  // Has the operator's program (transcoder.command) make the file `to` of the whole file `from`; `words` (A-Z
  // a-z 0-9 and
  // ./+=:- with a space between two, at most HL_FILE_WORDS_MAX) are its arguments. on_work at the home of
  // `account` with `token`: HL_OK "SIZE SHA256": it is whole; HL_E_DENIED: it never will be, of this file;
  // HL_E_GONE: it failed; HL_E_FULL: too many wait. HL_E_NONE: there is no such program.
  hl_status (*transcode)(const hl_host* host, hl_str from, hl_str to, hl_str words, hl_str account,
                         hl_str token);
} hl_cap_file;

#endif
