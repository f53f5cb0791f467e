// S3-FIFO: by hand, and against deques.
#include <kvmark/cache/s3fifo.hpp>

#include "cache/policy_cases.hpp"

using namespace kvmark;

TEST_CASE("S3-FIFO lets what is not hit twice in the small queue leave, and puts the rest into main") {
    // The small queue has a share of one; all wait in it until the cache is full.
    CHECK(test::evicted<cache::s3fifo>(3, "a b c a a b d e") == "      b c");
}

TEST_CASE("S3-FIFO puts what it remembers into main, from where small ones leave first") {
    // a is remembered when it comes back, so b to f leave before it.
    CHECK(test::evicted<cache::s3fifo>(3, "a b c d a e f g h") == "   a b c d e f");
    // One later it is forgotten, since main's two places remember two: it waits in the small queue.
    CHECK(test::evicted<cache::s3fifo>(3, "a b c d e a f g h") == "   a b c d e a");
}

TEST_CASE("S3-FIFO in main spends a hit for each round") {
    // f: the head e of small goes to main, which is full of a and b; a was hit there, so b leaves. h: now a.
    CHECK(test::evicted<cache::s3fifo>(3, "a a a b b b c d a e e e f g g g h") == "       c  d   b f   a");
}

TEST_CASE("S3-FIFO evicts two for one newcomer when a head of the small queue displaces one of main") {
    // Twenty blocks: shares of 2 and 18. A to R, hit twice, go to main, and s and t leave for u and v. Then u
    // is hit twice: for w it goes to main, from which A leaves, and the next head, v, leaves too. x has room.
    std::string words = "A B C D E F G H I J K L M N O P Q R s t";
    for (const char c : std::string("ABCDEFGHIJKLMNOPQR")) words += std::string(" ") + c + " " + c;
    const std::string gone = test::evicted<cache::s3fifo>(20, words + " u v u u w x");
    CHECK(gone.substr(gone.find_first_not_of(' ')) == "s t   Av ");
}

TEST_CASE("cache::s3fifo agrees with a plain model, decision by decision") {
    test::compare_with_plain<cache::s3fifo, test::plain_s3fifo>();
}
