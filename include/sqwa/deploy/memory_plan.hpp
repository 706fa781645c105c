// SPDX-License-Identifier: BSD-3-Clause
// Where the values of a network lie in one piece of memory, known while the program is compiled. Freestanding.
#ifndef SQWA_DEPLOY_MEMORY_PLAN_HPP
#define SQWA_DEPLOY_MEMORY_PLAN_HPP

#include <sqwa/deploy/layer.hpp>

#include <cstddef>

namespace sqwa::inline SQWA_ABI {

namespace deploy {

/// A piece of memory and the layers during which it is in use, both ends included.
struct memory_piece {
  std::size_t size = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t place = 0;  // in values from the beginning of the memory
  bool placed = false;

  [[nodiscard]] constexpr bool meets(memory_piece const& other) const noexcept {
    return first <= other.last && other.first <= last;
  }
};

/// The pieces that `count` layers need: piece i for the output of layer i, piece count + i for the window that layer i
/// copies together. The input and the last output lie elsewhere. Both are rounded up to multiples of four values.
/// @pre `pieces` has room for 2 `count`
template <class Arithmetic>
constexpr void describe_memory(layer<Arithmetic> const* layers, std::size_t count, memory_piece* pieces) {
  auto const rounded = [](std::size_t n) { return (n + 3) / 4 * 4; };
  for (std::size_t i = 0; i != count; ++i) {
    layer<Arithmetic> const& l = layers[i];
    pieces[i] = {i + 1 == count ? 0 : rounded(l.out.size()), i, i};
    bool const inside = l.padding == 0 && ((l.window_rows == 1 && l.window_columns == 1) ||
                                           (l.window_rows == l.in.rows && l.window_columns == l.in.columns));
    bool const copies = l.what == operation::convolution && !inside;
    pieces[count + i] = {copies ? rounded(l.window_size()) : 0, i, i};
    if (l.from > 0) pieces[l.from - 1].last = i;
    if (l.what == operation::add && l.other > 0) pieces[l.other - 1].last = i;
  }
}

/// Places all pieces and returns how many values the memory holds.
///
/// The largest piece first, each at the lowest place where it meets none that is in use at the same time: the rule of
/// TensorFlow Lite for Microcontrollers' greedy planner. No pieces: 0. Time: cubic in the number of pieces.
/// @pre no piece is placed yet
constexpr std::size_t place_memory(memory_piece* pieces, std::size_t count) {
  std::size_t total = 0;
  for (;;) {
    memory_piece* largest = nullptr;
    for (memory_piece* p = pieces; p != pieces + count; ++p) {
      if (!p->placed && (largest == nullptr || p->size > largest->size)) largest = p;
    }
    if (largest == nullptr) return total;
    for (bool moved = true; moved;) {  // behind whatever is in the way, until nothing is
      moved = false;
      for (memory_piece const* p = pieces; p != pieces + count; ++p) {
        if (!p->placed || p->size == 0 || !p->meets(*largest)) continue;
        if (largest->place < p->place + p->size && p->place < largest->place + largest->size) {
          largest->place = p->place + p->size;
          moved = true;
        }
      }
    }
    largest->placed = true;
    if (largest->place + largest->size > total) total = largest->place + largest->size;
  }
}

}  // namespace deploy

}  // namespace sqwa::inline SQWA_ABI

#endif
