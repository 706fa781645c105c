// SPDX-License-Identifier: BSD-3-Clause
// The average in the live tensors for a while, and every bit of the old values back afterwards.
#ifndef SQWA_NN_AVERAGED_SCOPE_HPP
#define SQWA_NN_AVERAGED_SCOPE_HPP

#include <sqwa/core/contract.hpp>
#include <sqwa/nn/model_average.hpp>
#include <sqwa/nn/named_tensor.hpp>

#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Puts an average into the live tensors of a model, and puts back what they held when its life ends, exceptions or
/// not.
///
/// What comes back is copied byte for byte, never computed: all tensors of the model, also those that the average
/// skips, so that statistics may be refreshed inside. While it is open, its average refuses updates and another scope.
/// The live tensors and the average must outlive the scope and not move. Memory: a copy of the live tensors.
class [[nodiscard]] averaged_scope {
 public:
  /// @pre the average has seen a model, and no scope of it is open; the parts are as for `model_average::value_to`
  template <schedule W, class P, any_backend B, model_part... Parts>
  explicit averaged_scope(model_average<W, P, B>& average, Parts&&... live) : open_(&average.open_.on) {
    constexpr char const* who = "averaged_scope";
    expects(!average.open_.on, "{}: one of this average is open already", who);
    expects(average.n_averaged() > 0, "{}: no model has been averaged", who);
    detail::for_each_item(
        [&](auto& item) {
          auto const bytes = std::as_writable_bytes(detail::contents_of(item));
          kept_.push_back({bytes, {bytes.begin(), bytes.end()}});
        },
        live...);
    average.value_to(live...);
    *open_ = true;
  }
  averaged_scope(averaged_scope const&) = delete;
  averaged_scope& operator=(averaged_scope const&) = delete;
  ~averaged_scope() {
    for (tensor_bytes const& t : kept_) {
      if (!t.old.empty()) std::memcpy(t.live.data(), t.old.data(), t.old.size());
    }
    *open_ = false;
  }

  /// Keeps what the live tensors hold now; the old values are forgotten. The average stays closed to updates until the
  /// scope ends.
  void commit() noexcept { kept_.clear(); }

 private:
  struct tensor_bytes {
    std::span<std::byte> live;
    std::vector<std::byte> old;
  };

  bool* open_;
  std::vector<tensor_bytes> kept_;
};

}  // namespace sqwa::inline SQWA_ABI

#endif
