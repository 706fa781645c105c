// SPDX-License-Identifier: BSD-3-Clause
#include <sqwa/tensor/mdspan.hpp>

#include <doctest/doctest.h>
#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <vector>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_mdspan
#include <mdspan>
#endif

namespace SQWA_TEST_FILE {

namespace stand_in {  // what the adapter needs of an mdspan, under other names

inline constexpr auto dynamic = static_cast<std::size_t>(-1);

template <class Index, std::size_t... N>
struct extents {
  static constexpr std::size_t rank() { return sizeof...(N); }
  std::array<std::size_t, sizeof...(N)> all{N...};
};

template <bool Left, std::size_t Gap = 0>
struct layout {
  template <class Extents>
  struct mapping {
    Extents e{};
    static constexpr bool is_always_exhaustive() { return Gap == 0; }
    constexpr std::size_t stride(std::size_t r) const {
      std::size_t s = 1;
      if (Left) {
        for (std::size_t i = 0; i != r; ++i) s *= e.all[i] + Gap;
      } else {
        for (std::size_t i = r + 1; i != Extents::rank(); ++i) s *= e.all[i] + Gap;
      }
      return s;
    }
  };
};

struct tiled : layout<false> {  // exhaustive, in an order of its own
  template <class Extents>
  struct mapping : layout<false>::mapping<Extents> {
    constexpr std::size_t stride(std::size_t) const { return 2; }
  };
};

template <class T>
struct plain {
  using reference = T&;
  using data_handle_type = T*;
};
template <class T>
struct doubled {  // shows twice the element
  using reference = std::remove_const_t<T>;
  using data_handle_type = T*;
};

template <class T, class Extents, class Layout, class Accessor = plain<T>>
class mdspan {
 public:
  using extents_type = Extents;
  using layout_type = Layout;
  using accessor_type = Accessor;
  using mapping_type = typename Layout::template mapping<Extents>;
  using element_type = T;
  using reference = typename Accessor::reference;
  using data_handle_type = typename Accessor::data_handle_type;

  explicit mdspan(T* data, Extents e = {}) : data_(data), e_(e) {}
  static constexpr std::size_t rank() { return Extents::rank(); }
  static constexpr bool is_always_exhaustive() { return mapping_type::is_always_exhaustive(); }
  data_handle_type data_handle() const { return data_; }
  std::size_t extent(std::size_t r) const { return e_.all[r]; }
  std::size_t size() const {
    std::size_t n = 1;
    for (std::size_t e : e_.all) n *= e;
    return n;
  }

 private:
  T* data_;
  Extents e_;
};

}  // namespace stand_in

namespace {

using stand_in::dynamic;
using right = stand_in::layout<false>;
using left = stand_in::layout<true>;
template <class T, class Layout, std::size_t... N>
using md = stand_in::mdspan<T, stand_in::extents<int, N...>, Layout>;
template <class T>
using scaled = stand_in::mdspan<T, stand_in::extents<int, 2>, right, stand_in::doubled<T>>;

}  // namespace

static_assert(sqwa::mutable_tensor<md<float, right, 2, 3>> && sqwa::mutable_tensor<md<double, left, dynamic, 3>>);
static_assert(sqwa::mutable_tensor<md<float, right, 2> const>);  // a view: constness lies in the elements
static_assert(sqwa::tensor<md<float const, right, 2>> && !sqwa::mutable_tensor<md<float const, right, 2>>);
static_assert(!sqwa::tensor<md<int, right, 2>> && !sqwa::tensor<md<bool, right, 2>>);
static_assert(!sqwa::tensor<md<float, stand_in::layout<false, 1>, 2, 3>>);  // rows with gaps
static_assert(!sqwa::tensor<md<float, stand_in::tiled, 2, 3>>);
static_assert(!sqwa::tensor<scaled<float>>);

TEST_CASE("mdspan: elements where they lie, extents slowest first") {
  std::vector<float> memory(24);
  md<float, right, 2, 3, dynamic> const x(memory.data(), {{2, 3, 4}});
  CHECK(sqwa::values(x).data() == memory.data());
  CHECK(sqwa::values(x).size() == 24);
  CHECK(sqwa::shape_of(x) == sqwa::shape{2, 3, 4});
  CHECK(sqwa::shape_of(md<float, left, 2, 3, 4>(memory.data())) == sqwa::shape{4, 3, 2});
  sqwa::mutable_values(x)[5] = 1;
  CHECK(memory[5] == 1);
}

TEST_CASE("mdspan: extents of one keep their place, no extents are one scalar, no elements none") {
  float one = 3;
  CHECK(sqwa::shape_of(md<float, right, 1, 3>(&one)) == sqwa::shape{1, 3});
  CHECK(sqwa::shape_of(md<float, left, 1, 3>(&one)) == sqwa::shape{3, 1});
  CHECK(sqwa::shape_of(md<float, right>(&one)) == sqwa::shape{});
  CHECK(sqwa::values(md<float, right>(&one))[0] == 3);
  CHECK(sqwa::values(md<float, right, 0, 3>(nullptr)).empty());
}

#ifdef __cpp_lib_mdspan
static_assert(sqwa::mutable_tensor<std::mdspan<float, std::dextents<int, 2>>>);
static_assert(sqwa::mutable_tensor<std::mdspan<float, std::extents<std::size_t, 2, 3>, std::layout_left>>);
static_assert(!sqwa::tensor<std::mdspan<float, std::dextents<int, 2>, std::layout_stride>>);

TEST_CASE("mdspan: the standard library's") {
  std::vector<float> memory(6);
  CHECK(sqwa::shape_of(std::mdspan(memory.data(), 2, 3)) == sqwa::shape{2, 3});
  std::mdspan<float, std::dextents<int, 2>, std::layout_left> const x(memory.data(), 2, 3);
  CHECK(sqwa::shape_of(x) == sqwa::shape{3, 2});
}
#endif

}  // namespace SQWA_TEST_FILE
