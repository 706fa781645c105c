// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes one reader of files, named by --reader=NAME: it may refuse a file with io::error, and nothing else. It asks
// for no memory beyond what the size of the file allows: see `allowed`.
#include "repair.hpp"

#include <sqwa/io/checkpoint.hpp>
#include <sqwa/io/cifar.hpp>
#include <sqwa/io/gzip.hpp>
#include <sqwa/io/idx.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npy.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/io/npz_model.hpp>
#include <sqwa/io/png.hpp>
#include <sqwa/io/safetensors.hpp>
#include <sqwa/io/snapshot_series.hpp>

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" void __sanitizer_install_malloc_and_free_hooks(void (*)(void const volatile*, std::size_t),
                                                          void (*)(void const volatile*));

namespace {

using path = std::filesystem::path;
namespace io = sqwa::io;

/// A run that takes any state, as far as bytes can be read from it.
struct any_run {
  std::vector<std::byte> save() { return {}; }
  void load(std::span<std::byte const> bytes) {
    sqwa::byte_reader in(bytes, "any_run");
    (void)in.all<float>();
    (void)in.text();
    in.end();
  }
};

struct reader {
  std::string_view name;
  std::size_t factor;  // how many bytes one allocation may have for each of the file
  void (*read)(path const&);
  void (*repair)(fuzz::file) = fuzz::leave;
};

constexpr std::size_t deflate = 1100;  // what a byte can become; in PNG each of its bits three bytes
constexpr std::array readers{
    reader{"idx", deflate, [](path const& p) { (void)io::read_idx_file(p); }},
    reader{"cifar", 64, [](path const& p) { (void)io::read_cifar10_files({p}); }},
    reader{"cifar100", 64, [](path const& p) { (void)io::read_cifar100_files({p}); }},
    reader{"npy", 64, [](path const& p) { (void)io::load_npy<float, 2>(p); }},
    reader{"npy_array", 64, [](path const& p) { (void)io::read_npy_array(p, io::read_file(p)); }},
    reader{"npz", deflate, [](path const& p) { (void)io::read_npz(p); }, fuzz::repair_npz},
    reader{"npz_model", deflate, [](path const& p) { (void)io::read_npz_model(p); }, fuzz::repair_npz},
    reader{"png", 24 * deflate, [](path const& p) { (void)io::read_png(p, 3); }, fuzz::repair_png},
    reader{"model", 64, [](path const& p) { (void)io::read_model(p); }, fuzz::repair_model},
    reader{"safetensors", 64, [](path const& p) { (void)io::read_safetensors(p); }},
    reader{"series", 64,
           [](path const& p) {
             io::snapshot_series const all(p);
             for (std::size_t i = 0; i != all.size(); ++i) (void)all[i];
           },
           fuzz::repair_series},
    reader{"checkpoint", 64,
           [](path const& p) {
             any_run run;
             io::load_checkpoint(p, run);
           },
           fuzz::repair_checkpoint},
};

constexpr std::size_t constant = 1 << 18;  // tables of zlib and libpng, messages
reader const* chosen = nullptr;
std::size_t allowed = 0;  // bytes of one allocation; 0: any

void look(void const volatile*, std::size_t size) {
  if (allowed == 0 || size <= allowed) return;
  std::fprintf(stderr, "an allocation of %zu bytes, where %zu are allowed\n", size, allowed);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
  constexpr std::string_view option = "--reader=";
  for (int i = 1; i < *count; ++i) {
    std::string_view const word = (*words)[i];
    if (!word.starts_with(option)) continue;
    auto const* const found = std::ranges::find(readers, word.substr(option.size()), &reader::name);
    if (found != readers.end()) chosen = found;
  }
  if (chosen == nullptr) {
    std::fputs("--reader=NAME, one of", stderr);
    for (reader const& r : readers) std::fprintf(stderr, " %s", r.name.data());
    std::fputs("\n", stderr);
    std::exit(2);
  }
  __sanitizer_install_malloc_and_free_hooks(look, [](void const volatile*) {});
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static int const file = ::memfd_create("fuzz", 0);
  static path const where = "/proc/self/fd/" + std::to_string(file);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<::ssize_t>(size)) std::abort();
  allowed = constant + chosen->factor * size;
  try {
    chosen->read(where);
  } catch (io::error const&) {
  }
  allowed = 0;
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::size_t const altered = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 != 0) chosen->repair({data, altered});  // now and then a wrong checksum is what is tried
  return altered;
}
