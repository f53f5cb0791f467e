#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <kvmark/core/path.hpp>

using namespace kvmark;

TEST_CASE("a path that is not there yet is asked about through its nearest parent") {
    const test::temporary_directory folder;
    CHECK(nearest_existing(folder.path()) == folder.path());
    CHECK(nearest_existing(folder.path() + "/a/b/c") == folder.path());
    CHECK(nearest_existing("/no-such-folder/a") == "/");
    CHECK(nearest_existing("no-such-folder") == ".");
    CHECK(nearest_existing("").empty());
}

TEST_CASE("free space is that of the file system a path would be made on") {
    const test::temporary_directory folder;
    CHECK(free_space(folder.path()) > bytes(0));
    CHECK(free_space("/proc/no-such-folder") == bytes(0));
    CHECK(free_space("") == bytes(0));
}
