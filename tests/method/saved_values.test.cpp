// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/method/saved_report.hpp>
#include <sqwa/method/saved_values.hpp>

#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

std::vector<std::byte> saved(auto const&... values) {
  byte_writer out;
  detail::value_saver{out}(values...);
  return out.bytes;
}

void load(std::vector<std::byte> const& bytes, auto&... values) {
  byte_reader in(bytes, "test");
  detail::value_loader{in}(values...);
  in.end();
}

}  // namespace

TEST_CASE("saved_values: what was saved is loaded, whatever stood there before") {
  std::vector<std::string> texts{"", "one", std::string("t\0wo", 4)};
  std::optional<double> none, some = -std::numeric_limits<double>::infinity();
  std::vector<std::vector<std::uint32_t>> numbers{{}, {1, 4'294'967'295}};
  auto const bytes = saved(texts, none, some, numbers, true, std::int64_t{-5}, measured_paths::all);

  std::vector<std::string> texts_again{"before"};
  std::optional<double> none_again = 3, some_again;
  std::vector<std::vector<std::uint32_t>> numbers_again{{7}};
  bool yes = false;
  std::int64_t minus_five = 0;
  measured_paths paths = measured_paths::none;
  load(bytes, texts_again, none_again, some_again, numbers_again, yes, minus_five, paths);
  CHECK(texts_again == texts);
  CHECK(none_again == none);
  CHECK(some_again == some);
  CHECK(numbers_again == numbers);
  CHECK(yes);
  CHECK(minus_five == -5);
  CHECK(paths == measured_paths::all);
}

TEST_CASE("saved_values: numbers that do not fit and vectors without their elements are refused") {
  std::uint8_t small = 0;
  CHECK(test::refuses([&] { load(saved(256), small); }, "the number 256 does not fit"));
  CHECK(test::refuses([&] { load(saved(-1), small); }, "the number -1 does not fit"));
  bool yes = false;
  CHECK(test::refuses([&] { load(saved(2), yes); }, "2 where 0 or 1 was expected"));
  std::vector<double> many;
  CHECK(test::refuses([&] { load(saved(std::int64_t{1} << 60, 1.5), many); }, "ends at byte 16"));
  CHECK(many.capacity() < 100);  // not allocated on a count's word
}

TEST_CASE("saved_values: a report comes back whole but for its model, and its every number counts") {
  report r;
  r.rows = {{"float", {{"train", 0.5, 90}, {"test", 0.75, 80}}, 32, 4000, 1.5}, {"direct", {}, 2.25, 400, 0.5}};
  r.captures = 7;
  r.diagnosis.emplace();
  diagnosis& d = *r.diagnosis;
  d.tensors = {{"conv", {100, 10, 12, false}, {100, 40, 60}, requantization_error{4, 3, 2, 1}, oscillation_summary{}}};
  d.pairs = {{0, 1, {100, 10, 12, true}}};
  d.paths = {{0, 6, {{0, 1, 2, 3}, {1, 4, 5, 6}}}};
  d.oscillations = {5, 100, 30, 20, 10, 3, 0.25};
  d.evidence = {.captures = 7, .distance = 0.1, .barrier = 0.01, .gain = {}, .requantization = 0.5};
  d.verdict = {advice::do_not_average, "because"};
  auto const bytes = saved(r);
  report again;
  load(bytes, again);
  CHECK(saved(again) == bytes);
  CHECK(again.rows.at(0).scores.at(1) == r.rows[0].scores[1]);
  CHECK(again.rows.at(1).bytes == 400);
  CHECK(again.captures == 7);
  REQUIRE(again.diagnosis.has_value());
  CHECK(again.diagnosis->tensors.at(0).distance == d.tensors[0].distance);
  CHECK(again.diagnosis->tensors.at(0).requantization == d.tensors[0].requantization);
  CHECK(again.diagnosis->tensors.at(0).oscillations == d.tensors[0].oscillations);
  CHECK(again.diagnosis->paths.at(0).points == d.paths[0].points);
  CHECK(again.diagnosis->oscillations == d.oscillations);
  CHECK(again.diagnosis->evidence == d.evidence);
  CHECK(again.diagnosis->verdict == d.verdict);
}

}  // namespace SQWA_TEST_FILE
