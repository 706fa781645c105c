// SPDX-License-Identifier: BSD-3-Clause
// Loss and accuracy over a plane, of the weights as they are and on the lattice; can be stopped after any node.
#ifndef SQWA_SURFACE_EVALUATE_HPP
#define SQWA_SURFACE_EVALUATE_HPP

#include <sqwa/core/bytes.hpp>
#include <sqwa/core/contract.hpp>
#include <sqwa/core/fingerprint.hpp>
#include <sqwa/exec/executor.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/method/run_identity.hpp>
#include <sqwa/surface/loss_surface.hpp>
#include <sqwa/surface/model_point.hpp>
#include <sqwa/surface/plane.hpp>
#include <sqwa/surface/workbench.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sqwa::inline SQWA_ABI {

/// Told after each evaluated model how many of how many are done, by one thread at a time; false stops the work. May be
/// empty. It may save the run.
using surface_observer = std::function<bool(std::size_t done, std::size_t total)>;

/// The evaluation of a plane: first the marked models themselves, then the nodes of the grid.
///
/// `surface_run run(learner, plane, grid, marked, options); run.advance(exec); draw(run.result());` Each node lies at
/// its absolute coordinates; its float surface scores the point of the plane, its projected surface the same point with
/// the tensors of the format moved to their lattice. Float tensors beside them and statistics stay those of the point,
/// unless statistics are to be re-estimated: then once for each surface. Equal arguments give equal bits on every
/// executor. The learner is as before after each call, whatever its evaluation throws. What it is asked for:
/// `for_each_job` in surface/workbench.hpp.
///
/// A loss that is not finite is kept as it is; fitting scales to weights that are not finite is refused. Refers to the
/// learner, which must outlive the run and not be trained meanwhile. Memory: the models, and while it works a copy of
/// the learner for each thread and the codes of two rows. Time: one or two evaluations for each node.
template <evaluating_learner L>
class surface_run {
 public:
  /// @pre the plane and the marked models are of this learner; the axes have two nodes or more and end behind their
  /// beginning; options as they say
  surface_run(L& l, plane where, surface_grid const& grid, std::vector<named_point> marked, surface_options how = {})
      : learner_(&l), plane_(std::move(where)), marked_(std::move(marked)), how_(std::move(how)) {
    constexpr char const* who = "surface_run";
    for (surface_axis const* axis : {&grid.x, &grid.y}) {
      expects(axis->count > 1 && axis->first < axis->last, "{}: an axis from {} to {} with {} nodes", who, axis->first,
              axis->last, axis->count);
    }
    model_point const here = point_of(l);
    detail::check_point(who, plane_.a(), here.trained.size(), here.statistics.size());
    detail::workbench<L> const checked(l, how_);
    result_.title = how_.title;
    result_.x = grid.x;
    result_.y = grid.y;
    for (char const* name : {"float", "projected"}) {
      if (result_.surfaces.empty() || how_.format) {
        result_.surfaces.push_back({name, std::vector<double>(result_.size()), std::vector<double>(result_.size())});
      }
    }
    for (named_point const& m : marked_) {
      plane_place const p = plane_.place_of(m.at);
      result_.models.push_back({m.name, p.x, p.y, p.distance, 0, 0});
    }
    finished_.assign(marked_.size() + result_.size(), 0);
  }

  /// How many models there are to evaluate: marked ones and nodes.
  [[nodiscard]] std::size_t total() const noexcept { return finished_.size(); }
  [[nodiscard]] std::size_t finished() const noexcept {
    return static_cast<std::size_t>(std::ranges::count(finished_, std::uint8_t{1}));
  }
  [[nodiscard]] bool done() const noexcept { return finished() == total(); }

  /// Goes on until all is done or the observer says no. What an evaluation throws comes through; what was finished
  /// before stays so. Returns `done()`.
  template <executor E = sequential>
  bool advance(E const& exec = {}, surface_observer const& watch = {}) {
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i != total(); ++i) {
      if (finished_[i] == 0) left.push_back(i);
    }
    std::size_t count = total() - left.size();
    std::mutex noting;
    detail::for_each_job(*learner_, how_, exec, left.size(), [&](detail::workbench<L>& bench, std::size_t job) {
      std::size_t const i = left[job];
      auto const found = i < marked_.size() ? of_marked(bench, i) : of_node(bench, i - marked_.size());
      std::scoped_lock const lock(noting);
      note(i, found);
      finished_[i] = 1;
      ++count;
      return !watch || watch(count, total());
    });
    return done();
  }

  /// What there is so far: 0 where nothing has been evaluated yet. When done, with cells and changes of codes, which
  /// are found here. Two nodes are in one cell when all their codes are equal, as a fingerprint of 64 bits tells them.
  [[nodiscard]] loss_surface result() const {
    loss_surface all = result_;
    if (done() && how_.format) find_cells(all);
    return all;
  }

  /// The state between two nodes: what `io::save_checkpoint` writes. Of the data only the title is known.
  [[nodiscard]] std::vector<std::byte> save() const {
    byte_writer out;
    detail::save_identity(identity(), out);
    out.put_all(std::span<std::uint8_t const>(finished_));
    for (surface_values const& s : result_.surfaces) {
      out.put_all(std::span<double const>(s.loss));
      out.put_all(std::span<double const>(s.accuracy));
    }
    for (marked_model const& m : result_.models) {
      out.put(m.loss);
      out.put(m.accuracy);
    }
    return std::move(out.bytes);
  }
  /// Goes on where `save` was called, to the same bits as without a stop. If refused, the run is as before.
  /// @pre saved by a run of the same plane, grid, marked models, title and options
  void load(std::span<std::byte const> bytes) {
    constexpr char const* who = "surface_run::load";
    byte_reader in(bytes, who);
    detail::check_identity(identity(), in, who);
    loss_surface found = result_;
    auto const take = [&]<class T>(std::vector<T> const& has) {
      auto values = in.all<T>();
      expects(values.size() == has.size(), "{}: {} saved numbers, not {}", who, values.size(), has.size());
      return values;
    };
    auto finished = take(finished_);
    expects(std::ranges::all_of(finished, [](std::uint8_t f) { return f < 2; }), "{}: damaged", who);
    for (surface_values& s : found.surfaces) {
      s.loss = take(s.loss);
      s.accuracy = take(s.accuracy);
    }
    for (marked_model& m : found.models) {
      m.loss = in.get<double>();
      m.accuracy = in.get<double>();
    }
    in.end();
    result_ = std::move(found);
    finished_ = std::move(finished);
  }

 private:
  using scores = std::pair<score, score>;  // as they are, projected

  scores of_marked(detail::workbench<L>& bench, std::size_t i) const {
    bench.put(marked_[i].at);
    return {bench.score_now(), {}};
  }
  scores of_node(detail::workbench<L>& bench, std::size_t node) const {
    put_node(bench, node);
    scores found{bench.score_now(), {}};
    if (!how_.format) return found;
    bench.project();
    found.second = bench.score_now();
    return found;
  }
  void put_node(detail::workbench<L>& bench, std::size_t node) const {
    plane_.at(result_.x.at(node % result_.x.count), result_.y.at(node / result_.x.count), bench.place);
    bench.put(bench.place);
  }

  void note(std::size_t i, scores const& found) {
    if (i < marked_.size()) {
      result_.models[i].loss = found.first.loss;
      result_.models[i].accuracy = found.first.accuracy;
      return;
    }
    std::size_t const node = i - marked_.size();
    for (std::size_t s = 0; s != result_.surfaces.size(); ++s) {
      result_.surfaces[s].loss[node] = (s == 0 ? found.first : found.second).loss;
      result_.surfaces[s].accuracy[node] = (s == 0 ? found.first : found.second).accuracy;
    }
  }

  void find_cells(loss_surface& all) const {
    std::size_t const columns = all.x.count;
    std::map<std::uint64_t, std::uint32_t> known;
    std::vector<std::vector<std::int16_t>> row(columns), below(columns);
    all.changes_x.assign(all.size(), 0);
    all.changes_y.assign(all.size(), 0);
    detail::put_back<L> const guard(*learner_);
    detail::workbench<L> bench(*learner_, how_);
    auto const changed = [](std::vector<std::int16_t> const& a, std::vector<std::int16_t> const& b) {
      std::uint64_t count = 0;
      for (std::size_t k = 0; k != a.size(); ++k) count += a[k] != b[k];
      return count;
    };
    for (std::size_t node = 0; node != all.size(); ++node) {
      std::size_t const i = node % columns;
      if (i == 0) std::swap(row, below);
      put_node(bench, node);
      bench.codes(row[i]);
      fingerprint codes;
      codes.put_all(std::span<std::int16_t const>(row[i]));
      all.cells.push_back(known.try_emplace(codes.value(), static_cast<std::uint32_t>(known.size())).first->second);
      if (i != 0) all.changes_x[node - 1] = changed(row[i - 1], row[i]);
      if (node >= columns) all.changes_y[node - columns] = changed(below[i], row[i]);
    }
  }

  detail::identity identity() const {
    fingerprint models;
    auto const put = [&](model_point const& p) {
      models.put_all(std::span<double const>(p.trained));
      models.put_all(std::span<double const>(p.statistics));
    };
    for (model_point const* p : {&plane_.a(), &plane_.b(), &plane_.c()}) put(*p);
    std::string names;
    for (named_point const& m : marked_) {
      put(m.at);
      names += m.name + "; ";
    }
    fingerprint grid, scales;
    for (surface_axis const* axis : {&result_.x, &result_.y}) {
      grid.put(axis->first);
      grid.put(axis->last);
      grid.put(axis->count);
    }
    if (how_.scales) {
      for (low_bit_tensor const& t : how_.scales->weights) scales.put_all(std::span<float const>(t.weights.scales));
    }
    std::string format = "none";
    if (how_.format) {
      recipe r;
      r.format = *how_.format;
      format = detail::describe_tensors(r, *learner_);
    }
    return {{"title", how_.title},
            {"split", how_.split},
            {"grid", std::to_string(grid.value())},
            {"marked models", names},
            {"models of the plane or marked models", std::to_string(models.value())},
            {"format", format},
            {"scales", how_.scales ? std::to_string(scales.value()) : "refitted"},
            {"statistics", how_.refresh_statistics ? "re-estimated" : "of the point"},
            {"seed", std::to_string(how_.seed)}};
  }

  L* learner_;
  plane plane_;
  std::vector<named_point> marked_;
  surface_options how_;
  loss_surface result_;
  std::vector<std::uint8_t> finished_;  // of marked models, then of nodes
};

}  // namespace sqwa::inline SQWA_ABI

#endif
