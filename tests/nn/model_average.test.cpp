// SPDX-License-Identifier: BSD-3-Clause
// Tests of sqwa/nn/model_average.hpp and sqwa/nn/model_slot.hpp.
#include <sqwa/average/averager.hpp>
#include <sqwa/average/code_averager.hpp>
#include <sqwa/nn/model_average.hpp>

#include "io/models.hpp"
#include "support/every_backend.hpp"
#include "support/refuses.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace sqwa;

namespace SQWA_TEST_FILE {

namespace {

/// A network of someone else: floats and doubles, a counter, a mask, batch-norm statistics.
struct network {
  std::vector<named_tensor<std::vector<float>>> floats;
  std::vector<named_tensor<std::vector<double>>> doubles;
  std::vector<named_tensor<std::vector<std::int64_t>>> counters;

  explicit network(std::uint64_t k)
      : floats{{"conv.weight", std::vector<float>(50)},
               {"bn.running_mean", std::vector<float>(3)},
               {"head.weight", std::vector<float>(7)}},
        doubles{{"scale", std::vector<double>(5)}},
        counters{{"bn.batches", {static_cast<std::int64_t>(100 * k + 1), 1LL << 60}}} {
    for (auto& t : floats) std::ranges::generate(t.value, [&, i = 0U]() mutable { return noise{.seed = k}(i++); });
    for (double& v : doubles[0].value) v = 1.0 / static_cast<double>(k + 3);
  }
  bool operator==(network const& o) const {
    auto const same = [](auto const& a, auto const& b) {
      return std::ranges::equal(a, b, [](auto const& x, auto const& y) { return x.value == y.value; });
    };
    return same(floats, o.floats) && same(doubles, o.doubles) && same(counters, o.counters);
  }
};

policy_by_name const rules{{{"*.running_*", tensor_policy::copy}, {"head.*", tensor_policy::skip}}};

auto average_of(std::uint64_t first, std::uint64_t last) {
  model_average average(rules);
  for (std::uint64_t k = first; k != last; ++k) {
    network const n(k);
    average.update(n.floats, n.doubles, n.counters);
  }
  return average;
}

template <class A>
network written(A const& average) {
  network out(77);
  average.value_to(out.floats, out.doubles, out.counters);
  return out;
}

}  // namespace

TEST_CASE("W3 model_average: every tensor meets the policy of its name: averaged, copied or left alone") {
  auto const average = average_of(0, 5);
  CHECK(average.size() == 5);
  CHECK(average.name(1) == "bn.running_mean");
  CHECK(average.policy(0) == tensor_policy::values);
  CHECK(average.policy(1) == tensor_policy::copy);
  CHECK(average.policy(2) == tensor_policy::skip);
  CHECK(average.policy(3) == tensor_policy::values);
  CHECK(average.policy(4) == tensor_policy::copy);
  network const out = written(average);
  averager<std::vector<double>> weight, scale;
  for (std::uint64_t k = 0; k != 5; ++k) {
    weight.update(network(k).floats[0].value);
    scale.update(network(k).doubles[0].value);
  }
  for (std::size_t i = 0; i != 50; ++i) CHECK(out.floats[0].value[i] == static_cast<float>(weight.mean()[i]));
  CHECK(std::ranges::equal(out.doubles[0].value, scale.mean()));
  CHECK(out.floats[1].value == network(4).floats[1].value);   // copied: the newest
  CHECK(out.floats[2].value == network(77).floats[2].value);  // skipped: as it was
}

TEST_CASE("W3 model_average: a policy may be any function of the name; the default averages statistics too") {
  network const a(1), b(2);
  model_average all;
  all.update(a.floats);
  all.update(b.floats);
  CHECK(all.policy(1) == tensor_policy::values);
  auto const only_head = [](std::string_view name) {
    return name.starts_with("head") ? tensor_policy::values : tensor_policy::copy;
  };
  model_average some(only_head);
  some.update(a.floats);
  some.update(b.floats);
  network out(9);
  some.value_to(out.floats);
  CHECK(out.floats[0].value == b.floats[0].value);
  CHECK(out.floats[2].value[0] == doctest::Approx((a.floats[2].value[0] + b.floats[2].value[0]) / 2));
}

TEST_CASE(
    "W4 model_average: integers are copied bit for bit, and a policy that would average them is refused by name") {
  CHECK(written(average_of(0, 4)).counters[0].value == std::vector<std::int64_t>{301, 1LL << 60});
  network const n(0);
  for (tensor_policy what : {tensor_policy::values, tensor_policy::codes}) {
    model_average average(policy_by_name{{{"bn.*", what}}});
    CHECK(test::refuses([&] { average.update(n.counters); }, "bn.batches holds int64: integers are copied or skipped"));
    CHECK(average.n_averaged() == 0);
    CHECK(average.size() == 0);
  }
  bool mask[2] = {true, false};
  std::vector<named_tensor<std::span<bool>>> const masks{{"mask", mask}};
  model_average average;
  average.update(masks);
  mask[0] = false;
  average.value_to(masks);
  CHECK(mask[0]);
  CHECK(test::refuses(
      [&] {
        model_average(policy_by_name{{}, tensor_policy::codes}).update(n.floats);
      },
      "conv.weight holds float32, not packed codes"));
}

TEST_CASE("W14 model_average: other names, orders, counts, extents and types are refused, and nothing changes") {
  auto average = average_of(0, 2);
  auto const before = average.save();
  auto const refused = [&](network const& n, char const* words) {
    network out = n;
    bool const good = test::refuses([&] { average.update(n.floats, n.doubles, n.counters); }, words) &&
                      test::refuses([&] { average.value_to(out.floats, out.doubles, out.counters); }, words) &&
                      average.save() == before && out == n;
    return good;
  };
  network n(5);
  n.floats.pop_back();
  CHECK(refused(n, "tensor 2 is scale, in the first model head.weight"));
  n = network(5);
  std::swap(n.floats[0], n.floats[2]);
  CHECK(refused(n, "tensor 0 is head.weight, in the first model conv.weight"));
  n = network(5);
  n.counters.clear();
  CHECK(refused(n, "4 tensors, in the first model 5: bn.batches is missing"));
  n = network(5);
  n.counters.push_back({"more", {1}});
  CHECK(refused(n, "tensor 5 is more, the first model has only 5 tensors"));
  n = network(5);
  n.doubles[0].value.resize(6);
  CHECK(refused(n, "scale has 6 values, in the first model 5"));
  n = network(5);
  n.counters[0].value.push_back(1);  // the last of all
  CHECK(refused(n, "bn.batches has 3 values, in the first model 2"));
  std::vector<named_tensor<std::vector<std::int32_t>>> const narrow{{"bn.batches", {1, 2}}};
  n = network(5);
  CHECK(test::refuses([&] { average.update(n.floats, n.doubles, narrow); },
                      "bn.batches holds int32, in the first model int64"));
  std::vector<named_tensor<std::vector<float>>> const wide{{"scale", std::vector<float>(5)}};
  CHECK(test::refuses([&] { average.update(n.floats, wide, n.counters); }, "scale holds float32, in the first model"));
  CHECK(average.save() == before);
  std::vector<float_tensor> const shaped{{"t", {2, 3}, std::vector<float>(6)}};
  std::vector<float_tensor> const turned{{"t", {3, 2}, std::vector<float>(6)}};
  model_average other;
  other.update(shaped);
  CHECK(test::refuses([&] { other.update(turned); }, "t has extents (3, 2), in the first model (2, 3)"));
  std::vector<float_tensor> const twice{shaped[0], shaped[0]};
  CHECK(test::refuses([&] { model_average().update(twice); }, "two tensors are called t"));
  std::vector<float_tensor> const odd{{"t", {2, 3}, std::vector<float>(5)}};
  CHECK(test::refuses([&] { model_average().update(odd); }, "t has 5 values, but extents (2, 3)"));
}

TEST_CASE("W12 model_average: nothing averaged yet is refused, and so is a model with a head forgotten") {
  network out(1);
  model_average const none;
  CHECK(test::refuses([&] { none.value_to(out.floats); }, "no model has been averaged"));
  CHECK(test::refuses([&] { (void)none.to_model(); }, "no model has been averaged"));
  auto const average = average_of(0, 3);
  CHECK(test::refuses([&] { average.value_to(out.floats, out.doubles); }, "bn.batches is missing"));
  CHECK(out == network(1));
}

TEST_CASE("model_average: low-bit models are averaged by their codes, exactly, and become wider models") {
  model_average average;
  std::vector<packed> seen;
  for (std::uint64_t k = 0; k != 7; ++k) {
    average.update(test::snapshot(k));
    seen.push_back(test::snapshot(k).weights[0].weights);
  }
  code_averager codes{3};
  for (packed const& p : seen) codes.update(p);
  auto const model = average.to_model();
  REQUIRE(model.weights.size() == 2);
  CHECK(model.weights[0].weights == codes.pack());
  CHECK(model.weights[0].extents == shape{5, 3});
  CHECK(model.weights[1].weights.levels == 99);
  CHECK(model.floats.size() == 1);
  CHECK(model.floats[0].values[1] == -1.5F);
  std::vector<named_tensor<std::vector<float>>> out{
      {"first", std::vector<float>(15)}, {"second", std::vector<float>(7)}, {"bias", std::vector<float>(2)}};
  auto const flat = test::refuses([&] { average.value_to(out); }, "first has extents (15), in the first model (5, 3)");
  CHECK(flat);
  std::vector<float_tensor> live{{"first", {5, 3}, std::vector<float>(15)},
                                 {"second", {7}, std::vector<float>(7)},
                                 {"bias", {2}, std::vector<float>(2)}};
  average.value_to(live);
  std::vector<float> expected(15);
  codes.value_to(expected);
  CHECK(live[0].values == expected);
}

TEST_CASE("model_average: a bad code in the last tensor leaves all as it was") {
  model_average average;
  average.update(test::snapshot(0));
  auto const before = average.save();
  auto bad = test::snapshot(1);
  bad.weights[1].weights.bytes[0] = std::byte{0xFF};
  CHECK(test::refuses([&] { average.update(bad); }, "is not within"));
  bad = test::snapshot(1);
  bad.weights[1] = test::random_tensor("second", 7, {7}, per_tensor{}({7}), 1);
  CHECK(test::refuses([&] { average.update(bad); }, "second has 7 levels, in the first model 15"));
  bad.weights[1] = test::random_tensor("second", 15, {7}, per_group{4}({7}), 1);
  CHECK(test::refuses([&] { average.update(bad); }, "second: snapshot 1 has 7 values in 1 x 2 runs of 4"));
  CHECK(average.save() == before);
}

TEST_CASE("model_average: packed tensors averaged by value, copied or skipped; scales that differ") {
  auto other = test::snapshot(1);
  for (float& s : other.weights[0].weights.scales) s *= 2;
  auto const with = [&](tensor_policy what) {
    model_average average(policy_by_name{{{"first", what}}});
    average.update(test::snapshot(0));
    average.update(other);
    return average.to_model();
  };
  std::vector<double> a(15), b(15);
  test::snapshot(0).weights[0].weights.decode(std::span(a));
  other.weights[0].weights.decode(std::span(b));
  for (tensor_policy what : {tensor_policy::codes, tensor_policy::values}) {
    auto const model = with(what);
    REQUIRE(model.floats.size() == 2);
    CHECK(model.floats[0].name == "first");
    for (std::size_t i = 0; i != 15; ++i) CHECK(model.floats[0].values[i] == static_cast<float>((a[i] + b[i]) / 2));
  }
  CHECK(with(tensor_policy::copy).weights[0] == other.weights[0]);
  CHECK(with(tensor_policy::skip).weights[0].name == "second");
}

TEST_CASE("model_average: any weight schedule, then codes by value; exponential means are those of averager") {
  model_average average(policy_by_name{}, exponential_weight{.decay = 0.5F});
  averager<std::vector<double>, exponential_weight> mean(exponential_weight{.decay = 0.5F});
  for (std::uint64_t k = 0; k != 4; ++k) {
    average.update(test::snapshot(k));
    std::vector<double> values(15);
    test::snapshot(k).weights[0].weights.decode(std::span(values));
    mean.update(values);
  }
  auto const model = average.to_model();
  REQUIRE(model.floats[0].name == "first");
  for (std::size_t i = 0; i != 15; ++i) CHECK(model.floats[0].values[i] == static_cast<float>(mean.mean()[i]));
  model_average codes(policy_by_name{{}, tensor_policy::codes}, exponential_weight{});
  CHECK(test::refuses([&] { codes.update(test::snapshot(0)); }, "equal weights only"));
}

TEST_CASE("W9 model_average: saved, loaded and continued at any point, the bits are those of never having stopped") {
  auto const straight = average_of(0, 6);
  for (std::uint64_t n = 0; n != 7; ++n) {
    auto resumed = model_average<>::load(average_of(0, n).save(), rules);
    CHECK(resumed.n_averaged() == static_cast<step_index>(n));
    for (std::uint64_t k = n; k != 6; ++k) {
      network const more(k);
      resumed.update(more.floats, more.doubles, more.counters);
    }
    CHECK(resumed.save() == straight.save());
    CHECK(written(resumed) == written(straight));
  }
  policy_by_name const mixed{{{"first", tensor_policy::copy}, {"bias", tensor_policy::skip}}};
  model_average low(mixed), half(mixed);
  for (std::uint64_t k = 0; k != 4; ++k) low.update(test::snapshot(k));
  half.update(test::snapshot(0));
  half = model_average<>::load(half.save());
  for (std::uint64_t k = 1; k != 4; ++k) half.update(test::snapshot(k));
  CHECK(half.save() == low.save());
  CHECK(half.to_model() == low.to_model());
}

TEST_CASE("W9 model_average: truncated, longer and altered states are refused or mean the same") {
  model_average average(policy_by_name{{{"second", tensor_policy::values}}});
  average.update(test::snapshot(0));
  average.update(test::snapshot(1));
  auto const bytes = average.save();
  for (std::size_t n = 0; n != bytes.size(); ++n) {
    CHECK(test::refuses([&] { (void)model_average<>::load(std::span(bytes).first(n)); }, ""));
  }
  auto longer = bytes;
  longer.push_back({});
  CHECK(test::refuses([&] { (void)model_average<>::load(longer); }, "1 bytes too many"));
  for (std::size_t at = 0; at != bytes.size(); ++at) {
    auto bad = bytes;
    bad[at] ^= std::byte{0x80};
    try {
      (void)model_average<>::load(bad);  // never a crash, never memory that is not there
    } catch (contract_error const&) {
    }
  }
}

TEST_CASE("model_average: merged, it has seen both runs; copied tensors are those of the later one") {
  model_average left, right, whole;
  for (std::uint64_t k = 0; k != 6; ++k) {
    whole.update(test::snapshot(k));
    (k < 2 ? left : right).update(test::snapshot(k));
  }
  left.merge(right);
  CHECK(left.to_model().weights == whole.to_model().weights);
  CHECK(left.n_averaged() == 6);
  auto early = average_of(0, 3);
  early.merge(average_of(3, 4));
  auto const out = written(early), expected = written(average_of(0, 4));
  CHECK(out.floats[1].value == expected.floats[1].value);
  CHECK(out.counters[0].value == expected.counters[0].value);
  CHECK(out.doubles[0].value[0] == doctest::Approx(expected.doubles[0].value[0]).epsilon(1e-15));
  model_average fresh(rules);
  fresh.merge(early);
  CHECK(fresh.save() == early.save());
  auto const before = early.save();
  early.merge(model_average(rules));
  CHECK(early.save() == before);
  network n(3);
  n.doubles[0].name = "other";
  model_average strange(rules);
  strange.update(n.floats, n.doubles, n.counters);
  CHECK(test::refuses([&] { early.merge(strange); }, "tensor 3 is scale, in the other other"));
  model_average plain;
  network const m(3);
  plain.update(m.floats, m.doubles, m.counters);
  CHECK(test::refuses([&] { early.merge(plain); }, "bn.running_mean is averaged by policy"));
  CHECK(early.save() == before);
}

TEST_CASE("model_average: every backend gives the same bits") {
  model_average plain;
  for (std::uint64_t k = 0; k != 3; ++k) plain.update(test::snapshot(k, 20'000));
  test::every_backend([&](auto where) {
    model_average other(policy_by_name{}, uniform{}, where);
    for (std::uint64_t k = 0; k != 3; ++k) other.update(test::snapshot(k, 20'000));
    CHECK(other.save() == plain.save());
    CHECK(other.to_model() == plain.to_model());
  });
}

}  // namespace SQWA_TEST_FILE
