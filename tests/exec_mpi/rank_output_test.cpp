#include "support/catch.hpp"

#include <kvmark/exec/rank_output.hpp>

#include <vector>

using namespace kvmark::exec;

namespace {

using line = std::pair<std::int64_t, std::string>;

/// The lines of `text`, fed in pieces of `step` characters.
std::vector<line> lines_of(std::string_view text, tag_form mark, std::size_t step) {
    std::vector<line> lines;
    rank_output output(mark);
    const auto keep = [&](std::int64_t rank, std::string_view s) { lines.emplace_back(rank, s); };
    for (std::size_t at = 0; at < text.size(); at += step) output.feed(text.substr(at, step), keep);
    output.finish(keep);
    return lines;
}

void check_in_any_pieces(std::string_view text, tag_form mark, const std::vector<line>& expected) {
    for (const std::size_t step : {1u, 2u, 3u, 7u, 19u, 4096u}) {
        INFO("pieces of " << step);
        CHECK(lines_of(text, mark, step) == expected);
    }
}

} // namespace

TEST_CASE("rank output: Open MPI's marks name the rank, and the launcher's own lines are nobody's") {
    check_in_any_pieces("[1,0]<stdout>:zero\nmpirun: says\n[1,12]<stderr>:twelve\n", tag_form::open_mpi,
                        {{0, "zero"}, {launcher_line, "mpirun: says"}, {12, "twelve"}});
    check_in_any_pieces("[prterun-host-7@1,3]<stdout>:three\n", tag_form::open_mpi, {{3, "three"}});
}

TEST_CASE("rank output: a line in several pieces is put together, also with another rank's between") {
    check_in_any_pieces("[1,0]<stdout>:one [1,1]<stdout>:other\n[1,0]<stdout>:line\n", tag_form::open_mpi,
                        {{1, "other"}, {0, "one line"}});
}

TEST_CASE("rank output: brackets that are no mark are text") {
    check_in_any_pieces("[1,0]<stdout>:a[1] = [x,2]<stdout\n[host:123] PMIX ERROR\n", tag_form::open_mpi,
                        {{0, "a[1] = [x,2]<stdout"}, {launcher_line, "[host:123] PMIX ERROR"}});
}

TEST_CASE("rank output: the marks of Hydra, srun and PALS stand at the start of lines") {
    check_in_any_pieces("[2] two [3] more\n[x] y\n", tag_form::bracketed,
                        {{2, "two [3] more"}, {launcher_line, "[x] y"}});
    check_in_any_pieces("11: eleven 3: four\nsrun: error: 2: no\n", tag_form::colon,
                        {{11, "eleven 3: four"}, {launcher_line, "srun: error: 2: no"}});
}

TEST_CASE("rank output: what ends without a newline is not lost") {
    check_in_any_pieces("[1,0]<stdout>:half[1,1]<stdout>:other half", tag_form::open_mpi,
                        {{0, "half"}, {1, "other half"}});
    check_in_any_pieces("half", tag_form::none, {{launcher_line, "half"}});
}
