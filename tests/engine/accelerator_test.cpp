// The accelerator's model: one prefill at a time, decodes side by side and stalled by prefills.
#include <kvmark/engine/accelerator.hpp>

#include "support/catch.hpp"

#include <string>

using namespace kvmark;
using kvmark::engine::accelerator;

namespace {

struct sequence {
    std::string name;
    std::uint64_t decodes = 0;
};

/// What happened, in milliseconds: name+ first token, name. complete.
struct history {
    std::string text;

    void add(const sequence& s, const char* what, nanoseconds when) {
        text += (text.empty() ? "" : " ") + s.name + what + std::to_string(when.count / 1'000'000);
    }
    void run(accelerator<sequence>& a, double ms) {
        a.advance(
            from_seconds(ms / 1e3),
            [&](sequence& s, nanoseconds when) {
                add(s, "+", when);
                return tokens(s.decodes);
            },
            [&](sequence& s, nanoseconds when) { add(s, ".", when); });
    }
};

nanoseconds at_ms(double ms) { return from_seconds(ms / 1e3); }

} // namespace

TEST_CASE("prompts are computed one after the other") {
    accelerator<sequence> a({.prefill_tokens_per_second = 1000});
    sequence x{"x"}, y{"y"};
    history l;
    a.prefill(x, tokens(50), at_ms(0));
    a.prefill(y, tokens(30), at_ms(10));
    CHECK(a.next_event() == at_ms(50));
    l.run(a, 49);
    CHECK(l.text.empty());
    l.run(a, 200);
    CHECK(l.text == "x+50 x.50 y+80 y.80");
    CHECK(a.next_event() == accelerator<sequence>::never);
}

TEST_CASE("sequences decode side by side, each at its own rate") {
    accelerator<sequence> a({.decode_tokens_per_second = 100});
    sequence x{"x", 5}, y{"y", 3};
    history l;
    a.prefill(x, tokens(1), at_ms(0));
    l.run(a, 10);
    a.prefill(y, tokens(1), at_ms(10));
    l.run(a, 10);
    CHECK(a.next_event() == at_ms(40));
    l.run(a, 100);
    CHECK(l.text == "x+0 y+10 y.40 x.50");
}

TEST_CASE("a prefill stalls what is being decoded") {
    accelerator<sequence> a({.prefill_tokens_per_second = 1000, .decode_tokens_per_second = 100});
    sequence x{"x", 4}, y{"y", 0};
    history l;
    a.prefill(x, tokens(10), at_ms(0)); // first token at 10, four more would end at 50
    l.run(a, 20);
    a.prefill(y, tokens(100), at_ms(20)); // until 120
    CHECK(a.next_event() == at_ms(120));
    l.run(a, 1000);
    CHECK(l.text == "x+10 y+120 y.120 x.150");
}

TEST_CASE("without rates everything happens at once") {
    accelerator<sequence> a({});
    sequence x{"x", 1000};
    history l;
    a.prefill(x, tokens(100'000), at_ms(7));
    l.run(a, 7);
    CHECK(l.text == "x+7 x.7");
}
