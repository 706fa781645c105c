// SPDX-License-Identifier: BSD-3-Clause
// The program cifar, run as its users run it: stopped and continued, and told what it cannot do.
#include <sqwa/core/noise.hpp>
#include <sqwa/io/file.hpp>
#include <sqwa/io/model_file.hpp>

#include "command/program.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;

namespace SQWA_TEST_FILE {

namespace {

namespace fs = std::filesystem;

using test::text_of;

/// Records of CIFAR-10, ten colours, one a class, with noise.
test::bytes images(std::size_t count, std::uint64_t seed) {
  test::bytes file;
  for (std::size_t i = 0; i != count; ++i) {
    std::size_t const label = i % 10;
    std::array const colour{label % 3, label / 3 % 3, label / 9};
    file.push_back(static_cast<std::byte>(label));
    for (std::size_t at = 0; at != 3 * 1024; ++at) {
      auto const noise = sqwa::noise{.seed = seed, .step = i}.below(at, 64);
      file.push_back(static_cast<std::byte>(80 * colour[at / 1024] + noise));
    }
  }
  return file;
}

/// A folder with a small CIFAR-10 in its folder "data".
class place : public test::folder {
 public:
  explicit place(std::string const& name) : folder(name) {
    fs::create_directory(*this / "data");
    test::put(*this / "data/data_batch_1.bin", images(200, 1));
    test::put(*this / "data/test_batch.bin", images(50, 2));
  }
};

/// The program while it runs in a folder; what it writes goes to out.txt and error.txt there.
class child {
 public:
  child(place const& here, std::string const& arguments) : folder_(here.path()) {
    std::vector<std::string> words{SQWA_TEST_CIFAR};
    std::istringstream list(arguments);
    for (std::string word; list >> word;) words.push_back(word);
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
    for (auto [number, file] : {std::pair{1, "out.txt"}, {2, "error.txt"}}) {
      ::posix_spawn_file_actions_addopen(&actions, number, file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    }
    ::posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::sigset_t usual;  // the tests may run in a script's background, which ignores SIGINT
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    REQUIRE(::posix_spawn(&number_, SQWA_TEST_CIFAR, &actions, &attributes, argv.data(), environ) == 0);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  child(child const&) = delete;
  child& operator=(child const&) = delete;
  ~child() { (void)wait(); }

  /// Sends a signal as soon as a file has so many lines; false if the program ended before.
  bool signal_at(std::string const& file, std::ptrdiff_t lines, int signal) {
    for (;;) {
      if (::waitpid(number_, &status_, WNOHANG) == number_) {
        number_ = 0;
        return false;
      }
      std::ifstream growing(folder_ / file);  // not read_file, which refuses a file that grows meanwhile
      if (std::count(std::istreambuf_iterator(growing), {}, '\n') >= lines) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::kill(number_, signal);
    return true;
  }

  void send(int signal) const { ::kill(number_, signal); }
  /// Its exit status, or -1 for one that a signal ended.
  int wait() {
    if (number_ != 0) ::waitpid(std::exchange(number_, 0), &status_, 0);
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }
  std::string out() const { return text_of(folder_ / "out.txt"); }
  std::string error() const { return text_of(folder_ / "error.txt"); }

 private:
  fs::path folder_;
  ::pid_t number_ = 0;
  int status_ = 0;
};

/// 36 steps of float training, 72 each of control and method, a log row each.
std::string const quick =
    "--data data --model mlp --width 8 --batch 20 --epochs 3.6 --cycles 3 --cycle-epochs 2 --captures 2 "
    "--fine-tune-epochs 1.2 --rate 0.02 --retrain-rate 0.02 --last-rate 0.01 --control-rate 0.02 --threads 2 ";

nlohmann::json without_times(std::string const& text) {
  auto report = nlohmann::json::parse(text);
  for (auto& seed : report["seeds"]) {
    for (auto& model : seed["models"]) model.erase("seconds");
  }
  return report;
}

/// A log without its column of images a second.
std::string without_speed(fs::path const& log) {
  std::string all;
  std::istringstream lines(text_of(log));
  for (std::string line; std::getline(lines, line);) {
    auto const last = line.rfind(','), speed = line.rfind(',', last - 1);
    all += line.substr(0, speed) + line.substr(last) + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("cifar: stopped by Ctrl-C in each of its runs and continued, it ends with the same bits") {
  place const here("cifar-stop");
  child whole(here, quick + "--out whole --json --tensorboard");
  INFO(whole.error());
  REQUIRE(whole.wait() == 0);
  auto const report = without_times(whole.out());
  CHECK(report == without_times(text_of(here / "whole/report.json")));
  CHECK(report["data"] == "cifar10");
  CHECK(report["seeds"][0]["captures"] == 2);
  std::string models;
  for (auto const& m : report["seeds"][0]["models"]) models += m["model"].get<std::string>() + " ";
  CHECK(models == "float direct control latent last_capture average requantized sqwa ");
  CHECK(report["seeds"][0]["models"][0]["test"]["accuracy"].get<double>() > 15);  // guessing: 10

  for (auto const& [log, lines] :
       {std::pair{"seed1-float.csv", 9}, {"seed1-control.csv", 10}, {"seed1-method.csv", 20}}) {
    child stopped(here, quick + "--out parts --resume --checkpoint-minutes 1000 --tensorboard");
    INFO(log, ": ", stopped.error());
    REQUIRE(stopped.signal_at(std::string("parts/") + log, lines, SIGINT));
    CHECK(stopped.wait() == 130);
    CHECK(stopped.error().find("; --resume goes on from there") != std::string::npos);
    CHECK(stopped.out().empty());
    CHECK(!fs::exists(here / "parts/report.json"));
  }
  child rest(here, quick + "--out parts --resume --tensorboard");
  INFO(rest.error());
  REQUIRE(rest.wait() == 0);
  CHECK(without_times(text_of(here / "parts/report.json")) == report);
  CHECK(sqwa::io::read_file(here / "parts/model.sqwa") == sqwa::io::read_file(here / "whole/model.sqwa"));
  CHECK(sqwa::io::read_file(here / "parts/seed1-float.npz") == sqwa::io::read_file(here / "whole/seed1-float.npz"));
  for (char const* log : {"seed1-float.csv", "seed1-control.csv", "seed1-method.csv"}) {
    CHECK(without_speed(here / "parts" / log) == without_speed(here / "whole" / log));
  }
  CHECK(text_of(here / "parts/training.svg") == text_of(here / "whole/training.svg"));

  child again(here, quick + "--out parts --resume");  // all runs are finished: they are only read
  REQUIRE(again.wait() == 0);
  CHECK(without_times(text_of(here / "parts/report.json")) == report);
  CHECK(again.out().find("sqwa ") != std::string::npos);
}

TEST_CASE("cifar: a training is not overwritten, and continued only with its own options") {
  place const here("cifar-options");
  std::string const first = quick + "--no-control --epochs 0.2 --cycles 1 --captures 1 --fine-tune-epochs 0 --out a ";
  REQUIRE(child(here, first).wait() == 0);
  child twice(here, first);
  CHECK(twice.wait() == 1);
  CHECK(twice.error().find("--out a: a training was begun there; --resume goes on with it") != std::string::npos);
  child other(here, first + "--resume --weight-decay 0.25");
  CHECK(other.wait() == 1);
  CHECK(other.error().find("--weight-decay 0.25: the training in a was begun with") != std::string::npos);
  child seed(here, first + "--resume --seed 2");
  CHECK(seed.wait() == 1);
  CHECK(seed.error().find("--seed 2: the training in a was begun with 1") != std::string::npos);
  auto const report = text_of(here / "a/report.csv");
  child control(here, quick + "--epochs 0.2 --cycles 1 --captures 1 --fine-tune-epochs 0 --out a --resume");
  CHECK(control.wait() == 1);
  CHECK(control.error().find("--no-control: the training in a was begun with it") != std::string::npos);
  CHECK(text_of(here / "a/report.csv") == report);
  CHECK(child(here, first + "--resume").wait() == 0);
}

TEST_CASE("cifar: two programs do not share a directory; a float model that cannot be written is told by the status") {
  place const here("cifar-lock");
  child one(here, quick + "--out a");
  REQUIRE(one.signal_at("a/seed1-float.csv", 2, SIGSTOP));
  child other(here, quick + "--out a --resume");
  CHECK(other.wait() == 1);
  CHECK(other.error().find("--out a: another program writes there") != std::string::npos);
  one.send(SIGCONT);
  CHECK(one.wait() == 0);

  child unsaved(here, quick +
                          "--no-control --epochs 0.2 --cycles 1 --captures 1 --fine-tune-epochs 0 --out b "
                          "--save-float none/f.npz");
  CHECK(unsaved.wait() == 1);
  CHECK(unsaved.error().find("none/f.npz") != std::string::npos);
  CHECK(unsaved.out().find("sqwa ") != std::string::npos);  // the table is there all the same
}

TEST_CASE("cifar: a float model from a file, and teachers") {
  place const here("cifar-float");
  std::string const low_bit = "--no-control --cycles 1 --captures 1 --fine-tune-epochs 0.5 ";
  REQUIRE(child(here, quick + low_bit + "--out a --save-float f.npz").wait() == 0);
  child from(here, quick + low_bit + "--out b --float f.npz --json");
  REQUIRE(from.wait() == 0);
  auto const a = without_times(text_of(here / "a/report.json")), b = without_times(from.out());
  CHECK(b["seeds"][0]["models"][0] == a["seeds"][0]["models"][0]);  // float
  CHECK(b["seeds"][0]["models"][1] == a["seeds"][0]["models"][1]);  // direct

  REQUIRE(child(here, quick + low_bit + "--out self --teacher self").wait() == 0);
  REQUIRE(child(here, quick + low_bit + "--out file --teacher f.npz").wait() == 0);
  CHECK(sqwa::io::read_model(here / "self/model.sqwa").weights ==
        sqwa::io::read_model(here / "file/model.sqwa").weights);
  CHECK(sqwa::io::read_model(here / "self/model.sqwa").weights != sqwa::io::read_model(here / "a/model.sqwa").weights);

  child wider(here, quick + "--out c --width 9 --float f.npz");
  CHECK(wider.wait() == 1);
  CHECK(wider.error().find("f.npz") != std::string::npos);
  CHECK(child(here, quick + low_bit + "--out d --width 9 --teacher f.npz").wait() == 0);  // a teacher may be another
}

TEST_CASE("cifar: bad options are refused by name, before anything is trained") {
  place const here("cifar-bad");
  for (auto const& [arguments, words] : {std::pair{"--data none", "--data none"},
                                         {"--data data --model resnet21", "--model"},
                                         {"--data data --width 0.5", "--width 0.5"},
                                         {"--data data --levels 4", "--levels 4"},
                                         {"--data data --captures 9 --cycles 3", "--captures 9"},
                                         {"--data data --rate nan", "--rate nan"},
                                         {"--data data --last-rate 9", "--last-rate 9"},
                                         {"--data data --hold-out 200", "--hold-out 200"},
                                         {"--data data --epochs 0.001", "--epochs 0.001"},
                                         {"--data data --checkpoint-minutes nan", "--checkpoint-minutes nan"},
                                         {"--data data --batch -1", "--batch"},
                                         {"--data data --label-smoothing 2", "--label-smoothing 2"},
                                         {"--data data --distil-weight 2", "--distil-weight"},
                                         {"--data data --temperature 0", "--temperature 0"},
                                         {"--data data --teacher none.npz", "none.npz"},
                                         {"--data data --float none.npz", "none.npz"},
                                         {"--data data --keep-float nothing", "nothing"},
                                         {"--data data --preset fast", "--preset"},
                                         {"--data data --out data/test_batch.bin", "--out"},
                                         {"--data data --save-float a.npz --seeds 2", "--save-float"},
                                         {"--data data --no-such-option", "no-such-option"},
                                         {"", "--data"}}) {
    child refused(here, arguments);
    CHECK_MESSAGE(refused.wait() != 0, arguments);
    auto const said = refused.error() + refused.out();
    CHECK_MESSAGE(said.find(words) != std::string::npos, arguments, ": ", said);
    CHECK_MESSAGE(!fs::exists(here / "cifar-report/settings.json"), arguments);
  }
}

TEST_CASE("cifar: --help names the presets and what they cost") {
  place const here("cifar-help");
  child help(here, "--help");
  CHECK(help.wait() == 0);
  for (char const* words : {"quick", "9 epochs", "standard", "130 epochs", "long", "600 epochs", "9 hours"}) {
    CHECK_MESSAGE(help.out().find(words) != std::string::npos, words);
  }
}

}  // namespace SQWA_TEST_FILE
