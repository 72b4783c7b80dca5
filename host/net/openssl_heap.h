// OpenSSL's heap, wiped when it is freed.
//
// OpenSSL leaves an SSL object's traffic and exporter secrets in the memory it frees. With this, nothing it
// has freed can be read from a later buffer, a core dump or a bug that reads too far.
#pragma once

namespace hotline {

// First thing in main(): before OpenSSL has taken any memory, from one thread. False: it was too late.
[[nodiscard]] bool wipe_openssl_heap_on_free();

}  // namespace hotline
