// SPDX-License-Identifier: BSD-3-Clause
// The log of a run as a CSV file: a row every so many steps, continued without gaps and double rows by a resumed run.
#ifndef SQWA_EXAMPLES_SUPPORT_TRAINING_LOG_HPP
#define SQWA_EXAMPLES_SUPPORT_TRAINING_LOG_HPP

#include <sqwa/io/error.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/method/phases.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

/// What a row says of the steps since the row before.
struct log_row {
  sqwa::step_index step = 0;  ///< how many of the run are done
  std::string phase;
  double epoch = 0;  ///< of the phase
  double rate = 0;   ///< at the last of the steps
  double loss = 0;   ///< their mean
  std::optional<double> accuracy;
  double images_per_second = 0;  ///< evaluations included
  bool captured = false;         ///< whether the last step ended with a capture

  bool operator==(log_row const&) const = default;
};

/// The rows of a log, and how many bytes of it they are.
struct log_rows {
  std::vector<log_row> rows;
  std::size_t bytes = 0;
};

inline constexpr std::string_view log_header = "step,phase,epoch,rate,loss,accuracy,images_per_second,captured\n";

inline std::string text_of(log_row const& r) {
  char accuracy[32] = "", line[256];
  if (r.accuracy) std::snprintf(accuracy, sizeof accuracy, "%.4f", *r.accuracy);
  std::snprintf(line, sizeof line, "%lld,%s,%.4f,%.7g,%.6f,%s,%.1f,%d\n", static_cast<long long>(r.step),
                r.phase.c_str(), r.epoch, r.rate, r.loss, accuracy, r.images_per_second, r.captured ? 1 : 0);
  return line;
}

/// One line without its end; none for anything that is not a row.
inline std::optional<log_row> row_of(std::string const& line) {
  log_row r;
  long long step = 0;
  char phase[16] = "";
  double accuracy = 0;
  int captured = 0, end = 0;
  if (std::sscanf(line.c_str(), "%lld,%15[a-z_],%lf,%lf,%lf,%lf,%lf,%d%n", &step, phase, &r.epoch, &r.rate, &r.loss,
                  &accuracy, &r.images_per_second, &captured, &end) == 8) {
    r.accuracy = accuracy;
  } else if (std::sscanf(line.c_str(), "%lld,%15[a-z_],%lf,%lf,%lf,,%lf,%d%n", &step, phase, &r.epoch, &r.rate, &r.loss,
                         &r.images_per_second, &captured, &end) != 7) {
    return {};
  }
  if (static_cast<std::size_t>(end) != line.size()) return {};
  r.step = step;
  r.phase = phase;
  r.captured = captured != 0;
  return r;
}

/// The rows of a log up to the run's step `last`, to its end or to the first line that is no whole row: a program that
/// is killed may leave one.
///
/// Throws `io::error` for a file that cannot be read or begins otherwise.
inline log_rows read_log(std::filesystem::path const& path,
                         sqwa::step_index last = std::numeric_limits<sqwa::step_index>::max()) {
  auto const bytes = sqwa::io::read_file(path);
  std::string_view const text(reinterpret_cast<char const*>(bytes.data()), bytes.size());
  if (!text.starts_with(log_header)) throw sqwa::io::error(path, 0, std::string(log_header), "another beginning");
  log_rows all{{}, log_header.size()};
  for (std::size_t end = 0; (end = text.find('\n', all.bytes)) != std::string_view::npos; all.bytes = end + 1) {
    auto row = row_of(std::string(text.substr(all.bytes, end - all.bytes)));
    if (!row || row->step > last) break;
    all.rows.push_back(std::move(*row));
  }
  return all;
}

/// Makes the rows of a run of its steps.
///
/// There is a row after every `every` steps of a phase, at its end, at captures and where an accuracy was measured.
class row_maker {
 public:
  using clock = std::chrono::steady_clock;

  struct options {
    sqwa::step_index every = 1;  ///< steps a row
    std::size_t batch = 1;       ///< images a step
    double epoch = 1;            ///< steps an epoch
  };

  explicit row_maker(options how, clock::time_point now = clock::now()) : options_(how), since_(now) {}

  /// Step number `done` of the run is done: the row that it completes, if it does.
  std::optional<log_row> step(sqwa::step_index done, sqwa::progress const& p, std::optional<double> accuracy = {},
                              bool captured = false, clock::time_point now = clock::now()) {
    loss_ += p.loss;
    ++count_;
    bool const due = (p.step + 1) % options_.every == 0 || p.step + 1 == p.steps;
    if (!due && !accuracy && !captured) return {};
    auto const n = static_cast<double>(std::exchange(count_, 0));
    double const seconds = std::chrono::duration<double>(now - std::exchange(since_, now)).count();
    double const images = n * static_cast<double>(options_.batch);
    return log_row{.step = done,
                   .phase = p.phase,
                   .epoch = static_cast<double>(p.step + 1) / options_.epoch,
                   .rate = static_cast<double>(p.rate),
                   .loss = std::exchange(loss_, 0.0) / n,
                   .accuracy = accuracy,
                   .images_per_second = seconds > 0 ? images / seconds : 0,
                   .captured = captured};
  }

 private:
  options options_;
  double loss_ = 0;  // of `count_` steps since the last row
  sqwa::step_index count_ = 0;
  clock::time_point since_;
};

/// The file that holds the rows of one run.
class training_log {
 public:
  /// Goes on with the rows of the file up to the run's step `done`: those beyond it are cut off. None for 0.
  ///
  /// Throws `io::error` when the file cannot be written, or is no log.
  explicit training_log(std::filesystem::path path, sqwa::step_index done = 0)
      : path_(std::move(path)), size_(kept(path_, done)), file_(path_, O_WRONLY | O_CREAT, 0666) {
    if (!file_) throw sqwa::io::error(path_, 0, "a file that can be written", sqwa::io::detail::last_error());
    if (::ftruncate(file_.number(), static_cast<::off_t>(size_)) != 0) {
      throw sqwa::io::error(path_, size_, "a file that can be cut off", sqwa::io::detail::last_error());
    }
    if (size_ == 0) write(log_header);
  }

  /// Throws `io::error` when the row cannot be written; the next one then takes its place.
  void write(log_row const& row) { write(text_of(row)); }

 private:
  static std::size_t kept(std::filesystem::path const& path, sqwa::step_index done) {
    std::error_code status;
    if (done == 0 || !std::filesystem::exists(path, status)) return 0;
    return read_log(path, done).bytes;
  }

  void write(std::string_view text) {
    std::size_t const left = sqwa::io::detail::write_at(file_, size_, std::as_bytes(std::span(text)));
    if (left != 0) {
      throw sqwa::io::error(path_, size_ + text.size() - left, "room for " + std::to_string(text.size()) + " bytes",
                            sqwa::io::detail::last_error());
    }
    size_ += text.size();
  }

  std::filesystem::path path_;
  std::size_t size_;
  sqwa::io::detail::descriptor file_;
};

}  // namespace example

#endif
