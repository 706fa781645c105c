// SPDX-License-Identifier: BSD-3-Clause
// The program sqwa-average, run as its users run it; its results against plain computations.
#include <sqwa/average/code_averager.hpp>
#include <sqwa/core/noise.hpp>
#include <sqwa/io/model_file.hpp>
#include <sqwa/io/npz.hpp>
#include <sqwa/io/series_writer.hpp>

#include "command/program.hpp"
#include "io/files.hpp"
#include "io/models.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;
using members = std::vector<sqwa::io::npz_member>;

test::outcome run(test::folder const& here, std::string const& arguments) {
  return test::run(here, SQWA_TEST_AVERAGE, arguments);
}

template <class T>
sqwa::io::npz_member array(std::string name, std::string type, sqwa::shape const& extents, std::vector<T> const& v) {
  auto const bytes = std::as_bytes(std::span(v));
  return {std::move(name), {std::move(type), extents, false, {bytes.begin(), bytes.end()}}};
}

template <class T>
std::vector<T> values(members const& all, std::string const& name) {
  auto const at = std::ranges::find(all, name, &sqwa::io::npz_member::name);
  REQUIRE(at != all.end());
  std::vector<T> v(at->array.bytes.size() / sizeof(T));
  std::memcpy(v.data(), at->array.bytes.data(), at->array.bytes.size());
  return v;
}

/// Model k of a run: two tensors of floats, one of doubles, a counter, a mask.
members model(unsigned k) {
  std::vector<float> w(12), b(4);
  for (std::size_t i = 0; i != 12; ++i) w[i] = sqwa::noise{.seed = k}(i)-0.5F;
  for (std::size_t i = 0; i != 4; ++i) b[i] = static_cast<float>(k) + 0.25F * static_cast<float>(i);
  return {array("conv.weight", "<f4", {3, 4}, w), array("bias", "<f4", {4}, b),
          array("scale", "<f8", {1}, std::vector<double>{1.0 / (k + 1)}),
          array("steps", "<i8", {1}, std::vector<std::int64_t>{1000 + static_cast<std::int64_t>(k)}),
          array("mask", "|b1", {2}, std::vector<std::uint8_t>{1, static_cast<std::uint8_t>(k % 2)})};
}

void write_models(test::folder const& here) {
  sqwa::io::write_npz(here / "a.npz", model(0));
  sqwa::io::write_npz(here / "b.npz", model(1));
  auto third = model(2);
  std::ranges::reverse(third);  // the order of arrays does not matter
  sqwa::io::write_npz(here / "c.npz", third);
}

}  // namespace

TEST_CASE("sqwa-average: the mean of npz files is that of a plain loop; integers are those of the last") {
  test::folder const here("command-npz");
  write_models(here);
  auto const done = run(here, "-o mean.npz a.npz b.npz c.npz");
  INFO(done.error);
  REQUIRE(done.status == 0);
  CHECK(done.out.find("mean.npz: the mean of 3 models") != std::string::npos);
  CHECK(done.error.empty());
  auto const mean = sqwa::io::read_npz(here / "mean.npz");
  CHECK(mean.size() == 5);
  auto const w = values<float>(mean, "conv.weight");
  for (std::size_t i = 0; i != w.size(); ++i) {
    double sum = 0;
    for (unsigned k = 0; k != 3; ++k) sum += static_cast<double>(values<float>(model(k), "conv.weight")[i]);
    CHECK(std::abs(w[i] - static_cast<float>(sum / 3)) <= 6e-8F * std::abs(w[i]));
  }
  CHECK(values<float>(mean, "bias") == std::vector<float>{1, 1.25F, 1.5F, 1.75F});
  CHECK(values<double>(mean, "scale")[0] == doctest::Approx((1 + 0.5 + 1.0 / 3) / 3).epsilon(1e-15));
  CHECK(values<std::int64_t>(mean, "steps")[0] == 1002);
  CHECK(values<std::uint8_t>(mean, "mask") == std::vector<std::uint8_t>{1, 0});
  auto const at = std::ranges::find(mean, "conv.weight", &sqwa::io::npz_member::name);
  CHECK(at->array.extents == sqwa::shape{3, 4});
}

TEST_CASE("sqwa-average: weights, copied and skipped tensors") {
  test::folder const here("command-weights");
  write_models(here);
  REQUIRE(run(here, "-o mean.npz --weights 1,2,5 --copy 'sc*' --skip conv.weight a.npz b.npz c.npz").status == 0);
  auto const mean = sqwa::io::read_npz(here / "mean.npz");
  CHECK(mean.size() == 4);
  auto const bias = values<float>(mean, "bias");
  for (std::size_t i = 0; i != 4; ++i) {
    CHECK(bias[i] == doctest::Approx((0 * 1 + 1 * 2 + 2 * 5) / 8.0 + 0.25 * static_cast<double>(i)).epsilon(1e-7));
  }
  CHECK(values<double>(mean, "scale")[0] == 1.0 / 3);
}

TEST_CASE("sqwa-average: npy files, Fortran order and float16") {
  test::folder const here("command-npy");
  auto const put = [&](char const* file, sqwa::io::npy_array const& a) {
    test::put(here / file, sqwa::io::npy_file_bytes(a));
  };
  put("a.npy", array("", "<f4", {2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5}).array);
  auto turned = array("", "<f4", {2, 3}, std::vector<float>{0, 3, 1, 4, 2, 5}).array;  // the same, first index fastest
  turned.fortran = true;
  put("b.npy", turned);
  REQUIRE(run(here, "-o mean.npy a.npy b.npy").status == 0);
  CHECK(sqwa::io::read_file(here / "mean.npy") == sqwa::io::read_file(here / "a.npy"));
  put("h.npy", array("", "<f2", {6}, std::vector<std::uint16_t>{0x3C00, 0xC000, 0x0001, 0x7BFF, 0x8000, 0x03FF}).array);
  REQUIRE(run(here, "-o wide.npy h.npy h.npy").status == 0);
  auto const wide = sqwa::io::read_npy_array("wide", sqwa::io::read_file(here / "wide.npy"));
  CHECK(wide.type == "<f4");
  CHECK(values<float>({{"", wide}}, "") == std::vector<float>{1, -2, 0x1p-24F, 65'504, 0, 0x3FFp-24F});
}

TEST_CASE("sqwa-average: low-bit models and series give the exact sums of their codes, and ternary weights again") {
  test::folder const here("command-low-bit");
  sqwa::code_averager codes{3};
  {
    sqwa::io::series_writer series(here / "run.series");
    for (unsigned k = 0; k != 7; ++k) {
      codes.update(test::snapshot(k).weights[0].weights);
      sqwa::io::write_model(here / ("m" + std::to_string(k) + ".sqwa"), test::snapshot(k));
      series.append(test::snapshot(k));
    }
  }
  REQUIRE(run(here, "-o mean.sqwa m?.sqwa").status == 0);
  auto const mean = sqwa::io::read_model(here / "mean.sqwa");
  CHECK(mean.weights[0].weights == codes.pack());
  CHECK(mean.weights[0].weights.levels == 15);
  auto const done = run(here, "-o again.sqwa --levels 3 --scales channel run.series");
  REQUIRE(done.status == 0);
  CHECK(sqwa::io::read_file(here / "again.sqwa") == sqwa::io::read_file(here / "mean.sqwa"));
  auto const ternary = sqwa::io::read_model(here / "again.3.sqwa");
  REQUIRE(ternary.weights.size() == 2);
  CHECK(ternary.weights[0].weights.levels == 3);
  CHECK(ternary.weights[0].weights.scales.size() == 5);
  CHECK(ternary.floats == mean.floats);
  REQUIRE(run(here, "-o part.sqwa --weights 3,1 m0.sqwa m1.sqwa").status == 0);
  auto const part = sqwa::io::read_model(here / "part.sqwa");
  std::vector<double> a(15), b(15);
  test::snapshot(0).weights[0].weights.decode(std::span(a));
  test::snapshot(1).weights[0].weights.decode(std::span(b));
  REQUIRE(part.floats.at(0).name == "first");
  for (std::size_t i = 0; i != 15; ++i) {
    CHECK(part.floats[0].values[i] == doctest::Approx(0.75 * a[i] + 0.25 * b[i]).epsilon(1e-6));
  }
}

TEST_CASE("sqwa-average: the quantized mean of arrays has matrices as codes, and says what it leaves out") {
  test::folder const here("command-levels");
  write_models(here);
  auto const done = run(here, "-o mean.npz --levels 7 a.npz b.npz c.npz");
  REQUIRE(done.status == 0);
  CHECK(done.error.find("steps holds integers and is left out") != std::string::npos);
  auto const q = sqwa::io::read_model(here / "mean.7.sqwa");
  REQUIRE(q.weights.size() == 1);
  CHECK(q.weights[0].name == "conv.weight");
  std::vector<float> decoded(12);
  q.weights[0].weights.decode(std::span(decoded));
  auto const w = values<float>(sqwa::io::read_npz(here / "mean.npz"), "conv.weight");
  for (std::size_t i = 0; i != 12; ++i)
    CHECK(std::abs(decoded[i] - w[i]) <= 0.5F * q.weights[0].weights.scales[0] + 0.1F);
  CHECK(q.floats.size() == 2);
}

TEST_CASE("sqwa-average: no input is ever overwritten, and no output without --force") {
  test::folder const here("command-refused");
  write_models(here);
  auto const before = sqwa::io::read_file(here / "a.npz");
  fs::create_symlink("a.npz", here / "link.npz");
  fs::create_hard_link(here / "a.npz", here / "hard.npz");
  for (std::string const out : {"a.npz", "./a.npz", "link.npz", "hard.npz"}) {
    for (std::string const force : {"", "--force "}) {
      auto const done = run(here, force + "-o " + out + " a.npz b.npz");
      CHECK(done.status == 1);
      CHECK(done.error.find("is an input: not overwritten") != std::string::npos);
    }
  }
  CHECK(sqwa::io::read_file(here / "a.npz") == before);
  test::put(here / "mean.npz", test::text("mine"));
  auto done = run(here, "-o mean.npz a.npz b.npz");
  CHECK(done.status == 1);
  CHECK(done.error.find("mean.npz is there already") != std::string::npos);
  CHECK(sqwa::io::read_file(here / "mean.npz") == test::text("mine"));
  CHECK(run(here, "-o mean.npz --force a.npz b.npz").status == 0);
  test::put(here / "m.3.sqwa", test::text("mine"));
  CHECK(run(here, "-o m.npz --levels 3 a.npz b.npz").error.find("m.3.sqwa is there already") != std::string::npos);
  CHECK_FALSE(fs::exists(here / "m.npz"));
}

TEST_CASE("W14 sqwa-average: models that do not fit are refused with file and tensor, and nothing is written") {
  test::folder const here("command-mismatch");
  write_models(here);
  auto const refused = [&](members const& bad, std::string const& words) {
    sqwa::io::write_npz(here / "bad.npz", bad);
    auto const done = run(here, "-o mean.npz a.npz bad.npz");
    CAPTURE(done.error);
    CHECK(done.error.find("bad.npz: ") != std::string::npos);
    CHECK(done.error.find(words) != std::string::npos);
    return done.status == 1 && !fs::exists(here / "mean.npz");
  };
  auto bad = model(1);
  bad[0].name = "conv2.weight";
  CHECK(refused(bad, "is conv2.weight, in the first model conv.weight"));
  bad = model(1);
  bad[0].array.extents = {4, 3};
  CHECK(refused(bad, "conv.weight has extents (4, 3), in the first model (3, 4)"));
  bad = model(1);
  bad.erase(bad.begin());
  CHECK(refused(bad, "in the first model"));
  bad = model(1);
  bad[2] = array("scale", "<f4", {1}, std::vector<float>{1});
  CHECK(refused(bad, "scale"));
  auto const fails = [&](std::string const& arguments, std::string const& words) {
    auto const done = run(here, arguments);
    CAPTURE(done.error);
    CHECK(done.error.find(words) != std::string::npos);
    return done.status != 0 && !fs::exists(here / "mean.npz");
  };
  test::put(here / "text.npz", test::text("no model at all"));
  CHECK(fails("-o mean.npz a.npz text.npz", "text.npz, byte 0: expected a file of kind npz, npy"));
  CHECK(fails("-o mean.npz a.npz absent.npz", "absent.npz, byte 0: expected a regular file"));
  auto torn = sqwa::io::read_file(here / "b.npz");
  torn.resize(torn.size() / 2);
  test::put(here / "torn.npz", torn);
  CHECK(fails("-o mean.npz a.npz torn.npz", "torn.npz, byte 0: expected the directory at the end of a zip file"));
  CHECK(fails("-o mean.npz --weights 1 a.npz b.npz", "1 weights for 2 models"));
  CHECK(fails("-o mean.npz --weights 1,-1 a.npz b.npz", "above 0"));
  CHECK(fails("-o mean.npz --levels 4 a.npz b.npz", "--levels 4: 3, 5, 7"));
  CHECK(fails("-o mean.sqwa a.npz b.npz", "the mean of such files ends in .npz"));
  sqwa::io::write_model(here / "m.sqwa", test::snapshot(0));
  CHECK(fails("-o mean.npz a.npz m.sqwa", "m.sqwa: low-bit models and NumPy's arrays are not averaged together"));
  CHECK(fails("-o mean.npz", "files is required"));
  CHECK(fails("-o no/such/mean.npz a.npz", "no/such/mean.npz, byte 0: expected a directory that can be written to"));
}

}  // namespace SQWA_TEST_FILE
