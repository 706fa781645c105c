// SPDX-License-Identifier: BSD-3-Clause
// What the tests of files share: a folder of their own, raw writing, gzip, and the question whether a reader refuses.
#ifndef SQWA_TESTS_IO_FILES_HPP
#define SQWA_TESTS_IO_FILES_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>

#include <zlib.h>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace test {

using bytes = std::vector<std::byte>;

/// A fresh folder in the current directory, removed at the end.
class folder {
 public:
  explicit folder(std::string const& name) : path_("io-test-" + name) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  folder(folder const&) = delete;
  folder& operator=(folder const&) = delete;
  ~folder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path operator/(std::string const& name) const { return path_ / name; }
  std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void put(std::filesystem::path const& path, bytes const& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<char const*>(content.data()), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("test: cannot write " + path.string());
}

inline bytes text(std::string_view s) {
  bytes b;
  for (char c : s) b.push_back(static_cast<std::byte>(c));
  return b;
}

/// The bytes as a gzip file of one member.
inline bytes gzip(bytes const& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  bytes out(deflateBound(&stream, static_cast<uLong>(content.size())));
  stream.next_in = reinterpret_cast<Bytef z_const*>(const_cast<std::byte*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int const result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("test: cannot compress");
  return out;
}

/// Whether `f()` throws an io::error whose message holds `words` and the name of the file.
template <class F>
bool refused(F&& f, std::string_view words, std::filesystem::path const& file) {
  try {
    f();
  } catch (sqwa::io::error const& e) {
    std::string_view const what = e.what();
    return what.find(words) != std::string_view::npos && what.find(file.string()) != std::string_view::npos;
  }
  return false;
}

}  // namespace test

#endif
