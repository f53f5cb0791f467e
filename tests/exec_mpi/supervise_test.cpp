#include "support/catch.hpp"

#include <kvmark/exec/supervise.hpp>

#include <unistd.h>

using namespace kvmark;
using namespace kvmark::exec;

namespace {

struct outcome {
    child_end end;
    std::string out, err;
};

/// A shell that runs `script`, with short graces.
outcome run_shell(const std::string& script, nanoseconds deadline = {},
                  const std::function<void(std::string_view)>& on_output = {}) {
    supervision s{.command = argv{"sh", "-c", script},
                  .environment = {"KVMARK_TEST_VALUE=of ours"},
                  .deadline = deadline,
                  .soft_stop = SIGUSR1,
                  .soft_grace = from_seconds(0.3),
                  .hard_grace = from_seconds(0.3)};
    supervisor watch(s);
    outcome o;
    const auto end = watch.run([&](bool is_stderr, std::string_view piece) {
        (is_stderr ? o.err : o.out) += piece;
        if (on_output) on_output(piece);
    });
    REQUIRE(end);
    o.end = *end;
    return o;
}

} // namespace

TEST_CASE("supervise: output, environment and exit code of a child") {
    const outcome o = run_shell("echo to out; echo \"$KVMARK_TEST_VALUE\" >&2; exit 9");
    CHECK(o.out == "to out\n");
    CHECK(o.err == "of ours\n");
    CHECK(o.end.exit_code == 9);
    CHECK_FALSE(o.end.timed_out);
    CHECK(run_shell("exit 255").end.signal == 0);
    const outcome killed = run_shell("kill -KILL $$");
    CHECK(killed.end.signal == SIGKILL);
    CHECK(killed.end.exit_code == 128 + SIGKILL);
}

TEST_CASE("supervise: a program that cannot be started is an error that names it") {
    for (const char* program : {"kvmark-no-such-program", "/nonexistent/program"}) {
        supervision s{.command = argv{program}};
        supervisor watch(s);
        const auto end = watch.run([](bool, std::string_view) {});
        REQUIRE_FALSE(end);
        CHECK(end.error().message.find(program) != std::string::npos);
    }
}

TEST_CASE("supervise: at the deadline the child is asked first, and may still say what it has") {
    const outcome o = run_shell("trap 'echo result; exit 0' USR1; echo ready; while :; do sleep 0.05; done",
                                from_seconds(0.5));
    CHECK(o.out == "ready\nresult\n");
    CHECK(o.end.timed_out);
    CHECK_FALSE(o.end.killed);
    CHECK(o.end.exit_code == 0);
}

TEST_CASE("supervise: who does not heed it is told, and then killed with its group") {
    const outcome told =
        run_shell("trap '' USR1; echo ready; while :; do sleep 0.05; done", from_seconds(0.3));
    CHECK_FALSE(told.end.killed);
    CHECK(told.end.exit_code == 128 + SIGTERM);

    const outcome killed = run_shell(
        "trap '' USR1 TERM; sleep 300 & echo $!; wait; while :; do sleep 0.05; done", from_seconds(0.3));
    CHECK(killed.end.killed);
    const pid_t grandchild = static_cast<pid_t>(std::stol(killed.out));
    // Ended, or not yet reaped by init.
    for (int i = 0; i < 100 && ::kill(grandchild, 0) == 0; ++i) {
        std::FILE* status = std::fopen(("/proc/" + std::to_string(grandchild) + "/stat").c_str(), "re");
        if (status == nullptr) break;
        char state = 0;
        static_cast<void>(std::fscanf(status, "%*d %*s %c", &state));
        std::fclose(status);
        if (state == 'Z') break;
        REQUIRE(i < 99);
        ::usleep(20'000);
    }
}

TEST_CASE("supervise: SIGINT to us is a request to the child, which is not in our process group") {
    const outcome o =
        run_shell("trap 'echo asked; exit 4' USR1; trap 'echo hit' INT; ps -o pgid= -p $$; echo ready; "
                  "while :; do sleep 0.05; done",
                  {}, [sent = false](std::string_view piece) mutable {
                      if (sent || piece.find("ready") == std::string_view::npos) return;
                      sent = true;
                      ::raise(SIGINT);
                  });
    CHECK(o.end.stop_signal == SIGINT);
    CHECK(o.end.exit_code == 4);
    CHECK(o.out.find("asked") != std::string::npos);
    CHECK(o.out.find("hit") == std::string::npos);
}
