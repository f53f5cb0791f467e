// A block device is overwritten only when it is named twice and holds nothing.
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/slab.hpp>

#include "support/temporary_directory.hpp"
#include "tier/entry_bytes.hpp"

#include <cstdio>
#include <cstdlib>

using namespace kvmark;
using raw_tier = tier::basic_direct_file<tier::slab>;

namespace {

constexpr bytes device_size{16 * mib_bytes};

std::string output_of(const std::string& command) {
    std::string text;
    if (FILE* pipe = ::popen(("( " + command + " ) 2>/dev/null").c_str(), "r")) {
        char line[256];
        while (std::fgets(line, sizeof line, pipe)) text += line;
        ::pclose(pipe);
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

/// A loop device on a file of zeros; `name` is empty where none can be had.
struct loop_device {
    loop_device() {
        const std::string file = directory / "device";
        test::write_file(file, "");
        std::filesystem::resize_file(file, device_size.count);
        name = output_of("losetup --show -f " + file);
    }
    loop_device(const loop_device&) = delete;
    ~loop_device() {
        if (!name.empty()) output_of("losetup -d " + name);
    }

    [[nodiscard]] tier::tier_setup setup(const std::string& again) const {
        return {.limit = raw_tier::capacity({.cache_dir = name}),
                .io_chunk = test::io_chunk,
                .cache_dir = name,
                .layout = tier::layout_kind::slab,
                .raw_device = again};
    }

    test::temporary_directory directory;
    std::string name;
};

bool is_missing(const loop_device& device) {
    if (!device.name.empty()) return false;
    WARN("SKIPPED: no loop device can be made here (needs root and losetup)");
    return true;
}

std::string refusal(const tier::tier_setup& setup) {
    raw_tier tier;
    const auto opened = tier.open(setup);
    return opened ? "" : opened.error().message;
}

} // namespace

TEST_CASE("raw device: named once, or beside another, it is refused and untouched") {
    const loop_device device, other;
    if (is_missing(device) || is_missing(other)) return;
    CHECK_THAT(refusal(device.setup("")), Catch::Contains("named twice"));
    CHECK_THAT(refusal(device.setup(other.name)), Catch::Contains("named twice"));
    CHECK(output_of("cmp -n 16777216 " + device.name + " /dev/zero && echo same") == "same");
}

TEST_CASE("raw device: empty, it is used between its margins; used by kvmark before, it is used again") {
    const loop_device device;
    if (is_missing(device)) return;
    CHECK(raw_tier::capacity({.cache_dir = device.name}) == device_size - bytes(2 * mib_bytes));
    for (int run = 0; run < 2; ++run) {
        raw_tier tier;
        const auto opened = tier.open(device.setup(device.name));
        INFO((opened ? "" : opened.error().message));
        REQUIRE(opened);
        const bytes whole = device.setup("").limit.count / test::io_chunk.count * test::io_chunk;
        REQUIRE(test::put(tier, 0, whole, 7).good());
        CHECK(test::has(tier, 0, whole, 7));
        CHECK(tier.create(1, tier::sector_size).error_number == ENOSPC);
    }
    CHECK(output_of("head -c 7 " + device.name) == "kvmark:");
    CHECK(output_of("tail -c 1048576 " + device.name + " | cmp -n 1048576 - /dev/zero && echo same") ==
          "same");
}

TEST_CASE("raw device: with a file system on it, it is refused, and the file system is whole") {
    const loop_device device;
    if (is_missing(device)) return;
    if (output_of("mkfs.ext4 -q " + device.name + " && echo made") != "made") {
        WARN("SKIPPED: no mkfs.ext4");
        return;
    }
    CHECK_THAT(refusal(device.setup(device.name)), Catch::Contains("wipefs"));
    CHECK(output_of("fsck.ext4 -fn " + device.name + " >/dev/null && echo whole") == "whole");
}

TEST_CASE("raw device: data in its last MiB alone is data") {
    const loop_device device;
    if (is_missing(device)) return;
    output_of("printf x | dd of=" + device.name + " bs=1 seek=16777000 conv=notrunc");
    CHECK_THAT(refusal(device.setup(device.name)), Catch::Contains("first or last MiB"));
}

TEST_CASE("raw device: one that is in use is refused") {
    const loop_device device;
    if (is_missing(device)) return;
    raw_tier first;
    REQUIRE(first.open(device.setup(device.name)));
    CHECK_THAT(refusal(device.setup(device.name)), Catch::Contains("held"));
}
