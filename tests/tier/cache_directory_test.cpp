// A run's own directory: made, kept while the run lives, gone with it; what is the user's stays.
#include <kvmark/tier/cache_directory.hpp>

#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

#include <atomic>
#include <thread>

using namespace kvmark;
using test::temporary_directory;
using test::write_file;
using tier::cache_directory;
namespace fs = std::filesystem;

namespace {

/// Another run, with one cached file, in a process of its own.
class other_run {
public:
    explicit other_run(const std::string& parent) {
        int says[2], hears[2];
        REQUIRE(::pipe(says) == 0);
        REQUIRE(::pipe(hears) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            ::close(hears[1]);
            ::_exit(live(parent, says[1], hears[0]));
        }
        ::close(says[1]);
        ::close(hears[0]);
        end_ = hears[1];
        char path[512];
        const auto n = ::read(says[0], path, sizeof path);
        ::close(says[0]);
        REQUIRE(n > 0);
        path_.assign(path, static_cast<std::size_t>(n));
    }
    ~other_run() {
        if (child_ > 0) kill();
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file() const { return path_ + "/00000000.kv"; }

    /// Lets it end by itself; its exit status.
    int finish() {
        ::close(end_);
        return test::wait_for(std::exchange(child_, 0));
    }
    void kill() {
        ::kill(child_, SIGKILL);
        ::close(end_);
        test::wait_for(std::exchange(child_, 0));
    }

private:
    static int live(const std::string& parent, int says, int hears) {
        cache_directory directory;
        if (!directory.open(parent)) return 1;
        write_file(directory.path() + "/00000000.kv", "cached");
        const auto n = ::write(says, directory.path().data(), directory.path().size());
        char end = 0;
        return n < 0 || ::read(hears, &end, 1) != 0; // until finish()
    }

    pid_t child_ = 0;
    int end_ = -1;
    std::string path_;
};

bool is_empty_directory(const std::string& path) { return fs::is_directory(path) && fs::is_empty(path); }

} // namespace

TEST_CASE("cache directory: made below the user's, with its cached files gone at the end") {
    const temporary_directory user;
    std::string own;
    {
        cache_directory directory;
        REQUIRE(directory.open(user.path()));
        own = directory.path();
        CHECK(fs::path(own).parent_path() == user.path());
        CHECK(fs::status(own).permissions() == fs::perms::owner_all);
        write_file(own + "/0000002a.kv", "cached");
        CHECK(::faccessat(directory.fd(), "0000002a.kv", R_OK, 0) == 0);
    }
    CHECK(is_empty_directory(user.path()));
}

TEST_CASE("cache directory: parents are made, and removed again") {
    const temporary_directory user;
    const std::string parent = user / "a/b/c" + GENERATE("", "/");
    {
        cache_directory directory;
        REQUIRE(directory.open(parent));
        CHECK(fs::is_directory(directory.path()));
    }
    CHECK(is_empty_directory(user.path()));
}

TEST_CASE("cache directory: a parent that got a file of the user's stays, and those above it") {
    const temporary_directory user;
    {
        cache_directory directory;
        REQUIRE(directory.open(user / "a/b/c"));
        write_file(user / "a/b/results.json", "{}");
    }
    CHECK_FALSE(fs::exists(user / "a/b/c"));
    CHECK(fs::exists(user / "a/b/results.json"));
}

TEST_CASE("cache directory: a parent that was there stays, though empty") {
    const temporary_directory user;
    fs::create_directory(user / "mine");
    {
        cache_directory directory;
        REQUIRE(directory.open(user / "mine"));
    }
    CHECK(is_empty_directory(user / "mine"));
}

TEST_CASE("cache directory: that of a live run is kept, and gone when that run ends") {
    const temporary_directory user;
    other_run live(user.path());
    {
        cache_directory directory;
        REQUIRE(directory.open(user.path()));
        CHECK(directory.path() != live.path());
        CHECK(fs::exists(live.file()));
    }
    CHECK(fs::exists(live.file()));
    CHECK(live.finish() == 0);
    CHECK(is_empty_directory(user.path()));
}

TEST_CASE("cache directory: that of a killed run is removed by the next run") {
    const temporary_directory user;
    other_run killed(user.path());
    killed.kill();
    REQUIRE(fs::exists(killed.file()));
    cache_directory directory;
    REQUIRE(directory.open(user.path()));
    CHECK_FALSE(fs::exists(killed.path()));
}

TEST_CASE("cache directory: a stale one of the same process number is no obstacle") {
    const temporary_directory user;
    const std::string stale = user / "kvmark-" + std::to_string(::getpid()) +
                              "-0"; // as in a container, where all runs are process 1
    fs::create_directory(stale);
    write_file(stale + "/00000000.kv", "cached");
    cache_directory directory;
    REQUIRE(directory.open(user.path()));
    CHECK_FALSE(fs::exists(stale + "/00000000.kv"));
    CHECK(fs::is_directory(directory.path()));
}

TEST_CASE("cache directory: what is the user's is never touched") {
    const temporary_directory user, elsewhere;
    const std::vector<std::string> directories{"kvmark-results", "kvmark-1-2-old", "kvmark-1",
                                               "kvmark-1-",      "kvmark-x-1",     "kvmark--1",
                                               "old-kvmark-1-2", "kvmark-1-2.kv"};
    for (const auto& name : directories) {
        fs::create_directory(user / name);
        write_file(user / name + "/00000000.kv", "the user's");
        fs::create_directory(user / name + "-empty");
    }
    write_file(user / "kvmark-3-4", "a file");
    write_file(user / "00000000.kv", "a file");
    write_file(elsewhere / "00000000.kv", "the user's");
    fs::create_directory_symlink(elsewhere.path(), user / "kvmark-5-6");
    {
        cache_directory directory;
        REQUIRE(directory.open(user.path()));
    }
    for (const auto& name : directories) {
        INFO(name);
        CHECK(fs::exists(user / name + "/00000000.kv"));
        CHECK(fs::exists(user / name + "-empty"));
    }
    CHECK(fs::exists(user / "kvmark-3-4"));
    CHECK(fs::exists(user / "00000000.kv"));
    CHECK(fs::is_symlink(user / "kvmark-5-6"));
    CHECK(fs::exists(elsewhere / "00000000.kv"));
}

TEST_CASE("cache directory: a user's file inside a run's directory stays, also in a stale one") {
    const temporary_directory user;
    fs::create_directory(user / "kvmark-7-0");
    write_file(user / "kvmark-7-0/00000000.kv", "cached");
    write_file(user / "kvmark-7-0/notes.txt", "the user's");
    std::string own;
    {
        cache_directory directory;
        REQUIRE(directory.open(user.path()));
        own = directory.path();
        write_file(own + "/notes.txt", "the user's");
    }
    CHECK(fs::exists(user / "kvmark-7-0/notes.txt"));
    CHECK_FALSE(fs::exists(user / "kvmark-7-0/00000000.kv"));
    CHECK(fs::exists(own + "/notes.txt"));
}

TEST_CASE("cache directory: runs that start and end side by side each keep their own") {
    const temporary_directory user;
    std::atomic<int> faults{0};
    const auto start_and_end = [&] {
        for (int i = 0; i < 100; ++i) {
            cache_directory directory;
            if (!directory.open(user.path())) {
                ++faults;
                continue;
            }
            const std::string file = directory.path() + "/00000000.kv";
            write_file(file, "cached");
            std::this_thread::yield();
            if (!fs::exists(file)) ++faults;
        }
    };
    std::vector<std::thread> runs;
    for (int i = 0; i < 4; ++i) runs.emplace_back(start_and_end);
    for (auto& run : runs) run.join();
    CHECK(faults == 0);
    CHECK(is_empty_directory(user.path()));
}

TEST_CASE("cache directory: a path that cannot be is refused by name, and its parents are removed") {
    const temporary_directory user;
    write_file(user / "file", "");
    const std::string below =
        GENERATE(as<std::string>(), "file", "file/below", "made/" + std::string(300, 'x'));
    const std::string parent = user / below;
    {
        cache_directory directory;
        const auto opened = directory.open(parent);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().kind == error_kind::system);
        CHECK_THAT(opened.error().message, Catch::Contains("cannot create " + parent));
    }
    CHECK(fs::exists(user / "file"));
    CHECK_FALSE(fs::exists(user / "made"));
}
