// SPDX-License-Identifier: BSD-3-Clause
// Images from a directory whose kind its files tell.
#ifndef SQWA_EXAMPLES_SUPPORT_DATA_CHOICE_HPP
#define SQWA_EXAMPLES_SUPPORT_DATA_CHOICE_HPP

#include <sqwa/io/cifar.hpp>
#include <sqwa/io/idx.hpp>
#include <sqwa/nn/augmentation.hpp>
#include <sqwa/nn/data_set.hpp>
#ifdef SQWA_EXAMPLE_PNG
#include <sqwa/io/png_folder.hpp>
#endif

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace example {

/// What was found, and what is usual for it.
struct chosen_data {
  std::string name;  ///< "cifar10", "cifar100", "png" or "idx"
  sqwa::nn::data_sets sets;
  sqwa::nn::augmentation augmentation;  ///< of CIFAR: crops of images padded by 4, and mirror images
};

/// Reads CIFAR-100 (train.bin), CIFAR-10 (data_batch_1.bin), folders of PNG images (train/CLASS and test/CLASS) or IDX
/// files (train-images-idx3-ubyte, plain or .gz, and so on).
///
/// Throws `invalid_argument` for no directory and for one of none of these, `io::error` as the readers do.
inline chosen_data choose_data(std::filesystem::path const& directory) {
  namespace fs = std::filesystem;
  namespace io = sqwa::io;
  auto const has = [&](char const* name) {
    std::error_code status;
    return fs::exists(directory / name, status);
  };
  std::error_code status;
  if (!fs::is_directory(directory, status)) {
    throw std::invalid_argument("--data " + directory.string() + ": this is no directory");
  }
  sqwa::nn::augmentation const usual{.crop = sqwa::nn::random_crop{4}, .flip = sqwa::nn::horizontal_flip{}, .hole = {}};
  if (has("train.bin")) return {"cifar100", io::read_cifar100(directory), usual};
  if (has("data_batch_1.bin")) return {"cifar10", io::read_cifar10(directory), usual};
  for (char const* file : {"train-images-idx3-ubyte", "train-images-idx4-ubyte"}) {
    if (has(file) || has((file + std::string(".gz")).c_str())) return {"idx", io::read_idx(directory), {}};
  }
  if (has("train") && has("test")) {
#ifdef SQWA_EXAMPLE_PNG
    auto train = io::read_png_folder(directory / "train", 3);
    auto test = io::read_png_folder(directory / "test", 3, train.classes);
    return {"png", {std::move(train.set), std::move(test.set)}, {}};
#else
    throw std::invalid_argument("--data " + directory.string() +
                                ": this program was built without libpng, which folders of images need");
#endif
  }
  throw std::invalid_argument("--data " + directory.string() +
                              ": none of train.bin (CIFAR-100), data_batch_1.bin (CIFAR-10), train-images-idx3-ubyte "
                              "(IDX), train and test (folders of PNG images) is there");
}

/// With the last `count` training images in place of the test set.
inline void hold_out(sqwa::nn::data_sets& sets, std::size_t count) {
  if (count == 0) return;
  std::size_t const all = sets.train.size();
  if (count >= all) {
    throw std::invalid_argument("--hold-out " + std::to_string(count) + " leaves nothing of " + std::to_string(all) +
                                " training images");
  }
  sets.test = sqwa::nn::slice(sets.train, all - count, all);
  sets.train = sqwa::nn::slice(sets.train, 0, all - count);
}

}  // namespace example

#endif
