// SPDX-License-Identifier: BSD-3-Clause
// Runs a network on a microcontroller: no heap, no exceptions, memory known while the program is compiled.
// Freestanding.
#ifndef SQWA_DEPLOY_ENGINE_HPP
#define SQWA_DEPLOY_ENGINE_HPP

#include <sqwa/deploy/layer.hpp>
#include <sqwa/deploy/memory_plan.hpp>
#include <sqwa/deploy/operations.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace sqwa::inline SQWA_ABI {

namespace deploy {

/// Every operation with every width of weights: for networks that are made at run time.
struct any_operation {
  using last = any_operation;
  static constexpr bool uses(operation, int) noexcept { return true; }
};

/// The operations of the layers [First, Last) of a network, so that no other becomes part of the program.
template <class Network, std::size_t First, std::size_t Last>
struct operations_of {
  using last = operations_of<Network, Last, Last + 1>;
  static constexpr bool uses(operation what, int bits) noexcept {
    for (std::size_t i = First; i != Last; ++i) {
      auto const& l = Network::layers[i];
      if (l.what == what && (bits == 0 || l.bits == bits)) return true;
    }
    return false;
  }
};

namespace detail {

/// Calls `f` with the width of a layer's weights as a constant, which is one of those in use.
template <class Used, operation What, bool Float, class F>
constexpr void with_bits(int bits, F f) noexcept {
  auto const one = [&]<int Bits>(std::integral_constant<int, Bits> constant) {
    if constexpr (Used::uses(What, Bits)) {
      if (bits == Bits) f(constant);
    }
  };
  one(std::integral_constant<int, 2>{});
  one(std::integral_constant<int, 4>{});
  one(std::integral_constant<int, 8>{});
  if constexpr (Float) one(std::integral_constant<int, 32>{});
}

}  // namespace detail

/// Computes one layer: y from x, and for an `add` from `other`. `copy` has room for a window.
///
/// Memory: none. Nothing is checked.
template <class Used, class Out, class A>
constexpr void run_layer(layer<A> const& l, typename A::value const* x, typename A::value const* other, Out* y,
                         typename A::value* copy) noexcept {
  using enum operation;
  constexpr bool is_float = std::is_same_v<A, floats>;
  auto const is = [&]<operation What>(std::integral_constant<operation, What>) {
    if constexpr (Used::uses(What, 0)) {
      return l.what == What;
    } else {
      return false;
    }
  };
  if (is(std::integral_constant<operation, rescale>{})) detail::rescale(l, x, y);
  if (is(std::integral_constant<operation, convolution>{})) {
    detail::with_bits<Used, convolution, is_float>(
        l.bits, [&]<int Bits>(std::integral_constant<int, Bits>) { detail::convolve<Bits>(l, x, y, copy); });
  }
  if (is(std::integral_constant<operation, depthwise>{})) {
    detail::with_bits<Used, depthwise, is_float>(
        l.bits, [&]<int Bits>(std::integral_constant<int, Bits>) { detail::convolve_each<Bits>(l, x, y); });
  }
  if (is(std::integral_constant<operation, max_pool>{})) detail::max_pool(l, x, y);
  if (is(std::integral_constant<operation, average_pool>{})) detail::average_pool(l, x, y);
  if (is(std::integral_constant<operation, add>{})) detail::add(l, x, other, y);
}

/// Computes all layers. `places` are those that `place_memory` gave to the pieces of `describe_memory`, in `memory`.
///
/// Memory: none. Nothing is checked.
template <class Used, class A>
constexpr void run_layers(layer<A> const* layers, std::size_t count, std::size_t const* places,
                          typename A::value const* input, typename A::value* memory,
                          typename A::wide* output) noexcept {
  auto const value = [&](std::size_t i) -> typename A::value const* { return i == 0 ? input : memory + places[i - 1]; };
  for (std::size_t i = 0; i != count; ++i) {
    layer<A> const& l = layers[i];
    typename A::value* const copy = memory + places[count + i];
    if (i + 1 == count) {
      run_layer<typename Used::last>(l, value(l.from), value(l.other), output, copy);
    } else {
      run_layer<Used>(l, value(l.from), value(l.other), memory + places[i], copy);
    }
  }
}

/// The memory of a network's values, planned while the program is compiled.
template <class Network>
struct plan_of {
  static constexpr std::size_t count = std::size(Network::layers);
  struct placed {
    std::array<std::size_t, 2 * count> places{};
    std::size_t size = 0;
  };
  static constexpr placed memory = [] {
    std::array<memory_piece, 2 * count> pieces{};
    describe_memory(&Network::layers[0], count, pieces.data());
    placed result{.places = {}, .size = place_memory(pieces.data(), pieces.size())};
    for (std::size_t i = 0; i != pieces.size(); ++i) result.places[i] = pieces[i].place;
    return result;
  }();
};

/// A network, and the memory that it works in.
///
/// `Network` is a type that `sqwa-export` or `io::write_c_header` wrote: `arithmetic`, and `layers`, an array. Of the
/// operations, those that the network has become part of the program. An engine on the stack or in static memory is all
/// that is needed: `sizeof(engine<Network>)` bytes. No heap, no exceptions, and with `integers` no floating point. The
/// same input gives the same bits on every machine; with `floats` where the compiler does not contract products and
/// sums (-ffp-contract=off).
template <class Network>
class engine {
 public:
  using arithmetic = typename Network::arithmetic;
  using value = typename arithmetic::value;
  using wide = typename arithmetic::wide;

  static constexpr std::size_t layer_count = plan_of<Network>::count;
  static constexpr std::size_t input_size = Network::layers[0].in.size();
  static constexpr std::size_t output_size = Network::layers[layer_count - 1].out.size();
  /// The bytes of the values between layers, and those of the output.
  static constexpr std::size_t memory_bytes = plan_of<Network>::memory.size * sizeof(value);
  static constexpr std::size_t output_bytes = output_size * sizeof(wide);

  /// The output for one input, which lies as [rows][columns][channels] of `Network::layers[0].in`: in integers, codes
  /// of the network's input. It is valid until the next call. In floats NaN and infinity propagate, but for
  /// max-pooling, which passes over a NaN that is not the first of its window.
  constexpr std::span<wide const, output_size> run(std::span<value const, input_size> input) noexcept {
    run_layers<operations_of<Network, 0, layer_count - 1>>(&Network::layers[0], layer_count,
                                                           plan_of<Network>::memory.places.data(), input.data(),
                                                           memory_.data(), output_.data());
    return output_;
  }

 private:
  std::array<value, plan_of<Network>::memory.size> memory_{};
  std::array<wide, output_size> output_{};
};

/// The index of the largest of `values`, the first of equal ones. No values: 0. NaN: as if it were not there, unless it
/// comes first.
template <class T, std::size_t N>
constexpr std::size_t largest(std::span<T const, N> values) noexcept {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

}  // namespace deploy

}  // namespace sqwa::inline SQWA_ABI

#endif
