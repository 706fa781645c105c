// SPDX-License-Identifier: BSD-3-Clause
// What a report is made of, member by member, for saving it between two steps of a run.
#ifndef SQWA_METHOD_SAVED_REPORT_HPP
#define SQWA_METHOD_SAVED_REPORT_HPP

#include <sqwa/method/code_distance.hpp>
#include <sqwa/method/diagnosis.hpp>
#include <sqwa/method/loss_path.hpp>
#include <sqwa/method/oscillations.hpp>
#include <sqwa/method/report.hpp>
#include <sqwa/method/requantization.hpp>
#include <sqwa/method/saved_values.hpp>
#include <sqwa/method/verdict.hpp>
#include <sqwa/nn/score.hpp>

namespace sqwa::inline SQWA_ABI {

namespace detail {

void fields(auto& a, maybe_const<score> auto& s) { a(s.split, s.loss, s.accuracy); }
void fields(auto& a, maybe_const<report_row> auto& r) { a(r.model, r.scores, r.bits_per_weight, r.bytes, r.seconds); }

void fields(auto& a, maybe_const<requantization_error> auto& e) { a(e.energy, e.frozen, e.refitted, e.captures); }
void fields(auto& a, maybe_const<oscillation_summary> auto& s) {
  a(s.steps, s.weights, s.flips, s.reversals, s.flipped, s.oscillating, s.frequency);
}
void fields(auto& a, maybe_const<tensor_diagnosis> auto& t) {
  a(t.name, t.distance, t.shares, t.requantization, t.oscillations);
}
void fields(auto& a, maybe_const<capture_pair> auto& p) { a(p.from, p.to, p.distance); }
void fields(auto& a, maybe_const<path_point> auto& p) { a(p.t, p.straight, p.projected, p.mixed); }
void fields(auto& a, maybe_const<loss_path> auto& p) { a(p.from, p.to, p.points); }
void fields(auto& a, maybe_const<averaging_evidence> auto& e) {
  a(e.captures, e.distance, e.barrier, e.gain, e.requantization);
}
void fields(auto& a, maybe_const<verdict> auto& v) { a(v.what, v.reason); }
void fields(auto& a, maybe_const<diagnosis> auto& d) {
  a(d.tensors, d.pairs, d.distance, d.shares, d.paths, d.requantization, d.oscillations, d.evidence, d.verdict);
}

/// All of a report but its model.
void fields(auto& a, maybe_const<report> auto& r) { a(r.rows, r.captures, r.diagnosis); }

}  // namespace detail

}  // namespace sqwa::inline SQWA_ABI

#endif
