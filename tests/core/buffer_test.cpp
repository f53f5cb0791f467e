// Huge-page buffers: alignment, lazy and touched memory, ownership, and refusal.
#include <kvmark/core/buffer.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <vector>

using namespace kvmark;

namespace {

bool aligned(const huge_page_buffer& b) {
    return reinterpret_cast<std::uintptr_t>(b.data()) % huge_page_buffer::alignment.count == 0;
}

/// Pages of the buffer that are in memory, by the kernel's word.
std::size_t resident_pages(const huge_page_buffer& b) {
    std::vector<unsigned char> pages((b.span().size() + 4095) / 4096);
    REQUIRE(::mincore(b.data(), b.span().size(), pages.data()) == 0);
    std::size_t resident = 0;
    for (const unsigned char p : pages) resident += p & 1;
    return resident;
}

} // namespace

TEST_CASE("a buffer starts on a huge page and holds what was asked for") {
    for (const std::uint64_t size :
         {std::uint64_t{1}, std::uint64_t{4096}, 2 * mib_bytes, 5 * mib_bytes + 3}) {
        const huge_page_buffer b{bytes(size)};
        REQUIRE_FALSE(b.empty());
        CHECK(aligned(b));
        CHECK(b.span().size() == size);
        b.span().front() = b.span().back() = std::byte{7};
        CHECK(b.span().back() == std::byte{7});
    }
}

TEST_CASE("nothing was asked for, or more than there is: the buffer is empty") {
    CHECK(huge_page_buffer{}.empty());
    CHECK(huge_page_buffer{bytes(0)}.empty());
    CHECK(huge_page_buffer{bytes(std::uint64_t{1} << 60)}.empty());
}

TEST_CASE("memory arrives at the touch, no further than asked, and holds zeros") {
    const huge_page_buffer b{bytes(16 * mib_bytes)};
    CHECK(resident_pages(b) == 0);
    b.touch(bytes(4 * mib_bytes));
    CHECK(resident_pages(b) >= 4 * mib_bytes / 4096);
    CHECK(resident_pages(b) <= 6 * mib_bytes / 4096); // at most one huge page more
    b.touch(bytes(std::uint64_t{1} << 40));           // stops at the end
    CHECK(resident_pages(b) == 16 * mib_bytes / 4096);
    CHECK(b.span().back() == std::byte{0});
}

TEST_CASE("a buffer moves, and its memory with it") {
    huge_page_buffer a{bytes(4096)};
    a.span()[5] = std::byte{9};
    const std::byte* const where = a.data();
    huge_page_buffer b(std::move(a));
    CHECK(b.data() == where);
    huge_page_buffer c{bytes(8192)};
    c = std::move(b);
    CHECK(c.data() == where);
    CHECK(c.span().size() == 4096);
    CHECK(c.span()[5] == std::byte{9});
}
