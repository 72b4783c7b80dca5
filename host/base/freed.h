// Freed: the deleter of what a C library hands out, for std::unique_ptr<SSL, Freed<SSL_free>>.
#pragma once

namespace hotline {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace hotline
