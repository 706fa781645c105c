// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes one reader of files, named by --reader=NAME: it may refuse a file with io::error, and nothing else. It asks
// for no memory beyond what the size of the file allows: see `allowed`.
#include "mutate.hpp"
#include "small_run.hpp"

#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/average/code_moments.hpp>
#include <sqwa/average/code_window.hpp>
#include <sqwa/average/moments.hpp>
#include <sqwa/average/pooled_statistics.hpp>
#include <sqwa/average/window.hpp>
#include <sqwa/io/checkpoint.hpp>
#include <sqwa/io/cifar.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/idx.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npy.hpp>
#include <sqwa/io/npy_images.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/io/npz_model.hpp>
#include <sqwa/io/png.hpp>
#include <sqwa/io/safetensors.hpp>
#include <sqwa/io/snapshot_series.hpp>
#include <sqwa/nn/training_error.hpp>

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

/// The state of whatever averages, whose kind the first byte tells.
void load_averages(path const& p) {
  auto const file = io::read_file(p);
  if (file.empty()) return;
  auto const state = std::span(file).subspan(1);
  try {
    switch (std::to_integer<int>(file[0])) {
      case 0:
        return (void)sqwa::averager<std::vector<double>>::load(state);
      case 1:
        return (void)sqwa::code_averager<>::load(state);
      case 2:
        return (void)sqwa::code_moments<>::load(state);
      case 3:
        return (void)sqwa::code_window<>::load(state);
      case 4:
        return (void)sqwa::moments<>::load(state);
      case 5:
        return (void)sqwa::window<float>::load(state);
      case 6:
        return (void)sqwa::pooled_statistics::load(state);
      default:
        return;
    }
  } catch (std::logic_error const&) {  // a broken precondition
  }
}

void read_series(path const& p) {
  io::snapshot_series const all(p);
  for (std::size_t i = 0; i != all.size(); ++i) {
    (void)all.view(i);
    (void)all[i];
  }
}

struct reader {
  std::string_view name;
  std::size_t factor;  // how many bytes one allocation may have for each of the file
  void (*read)(path const&);
  fuzz::mutation mutate = fuzz::anywhere;
};

constexpr std::size_t deflate = 1100;  // what a byte can become; in PNG each of its bits three bytes
constexpr std::array readers{
    reader{"idx", deflate, [](path const& p) { (void)io::read_idx_file(p); }},
    reader{"cifar", 64, [](path const& p) { (void)io::read_cifar10_files({p}); }},
    reader{"cifar100", 64, [](path const& p) { (void)io::read_cifar100_files({p}); }},
    reader{"npy", 64, [](path const& p) { (void)io::load_npy<float, 2>(p); }},
    reader{"npy_array", 64, [](path const& p) { (void)io::read_npy_array(p, io::read_file(p)); }},
    reader{"npz", deflate, [](path const& p) { (void)io::read_npz(p); }, fuzz::repaired<fuzz::repair_npz>},
    reader{"npz_images", deflate, [](path const& p) { (void)io::read_npz_images(p, "x", "y"); },
           fuzz::repaired<fuzz::repair_npz>},
    reader{"npz_model", deflate, [](path const& p) { (void)io::read_npz_model(p); }, fuzz::repaired<fuzz::repair_npz>},
    reader{"png", 24 * deflate, [](path const& p) { (void)io::read_png(p, 3); }, fuzz::repaired<fuzz::repair_png>},
    reader{"png_grey", 24 * deflate, [](path const& p) { (void)io::read_png(p, 1); }, fuzz::repaired<fuzz::repair_png>},
    reader{"model", 64, [](path const& p) { (void)io::read_model(p); }, fuzz::repaired<fuzz::repair_model>},
    reader{"safetensors", 64, [](path const& p) { (void)io::read_safetensors(p); },
           fuzz::repaired<fuzz::repair_safetensors>},
    reader{"series", 64, read_series, fuzz::series},
    reader{"checkpoint", 64,
           [](path const& p) {
             any_run run;
             io::load_checkpoint(p, run);
           },
           fuzz::repaired<fuzz::repair_checkpoint>},
    reader{"run", 64,
           [](path const& p) {
             fuzz::small_run run;
             io::load_checkpoint(p, run);
             try {
               (void)run.save();
             } catch (sqwa::nn::training_error const&) {  // a number that is not finite
             }
           },
           fuzz::repaired<fuzz::repair_checkpoint>},
    reader{"averages", 64, load_averages},
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
  if (::pwrite(file, data, size, 0) != static_cast<::ssize_t>(size)) std::abort();
  if (::ftruncate(file, static_cast<::off_t>(size)) != 0) std::abort();
  allowed = constant + chosen->factor * size;
  try {
    chosen->read(where);
  } catch (io::error const&) {
  }
  allowed = 0;
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return chosen->mutate(data, size, most, seed);
}

// A mapped file is a copy on the heap, so that the sanitizer sees who reads beyond its end: pages would hide that.
// NOLINTBEGIN
extern "C" void* __real_mmap(void*, std::size_t, int, int, int, ::off_t);
extern "C" int __real_munmap(void*, std::size_t);
static std::vector<void*> copies;

extern "C" void* __wrap_mmap(void* at, std::size_t size, int protection, int flags, int file, ::off_t offset) {
  if (file < 0) return __real_mmap(at, size, protection, flags, file, offset);
  void* const copy = std::malloc(size);
  if (::pread(file, copy, size, offset) != static_cast<::ssize_t>(size)) std::abort();
  copies.push_back(copy);
  return copy;
}

extern "C" int __wrap_munmap(void* memory, std::size_t size) {
  if (std::erase(copies, memory) == 0) return __real_munmap(memory, size);
  std::free(memory);
  return 0;
}
// NOLINTEND
