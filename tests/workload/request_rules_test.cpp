// The rules of every request: phase, class of service, system prompt.
#include <kvmark/workload/request_rules.hpp>

#include "workload/requests.hpp"

#include <array>

using namespace kvmark;
using namespace kvmark::workload;
using testing::chi_square;

TEST_CASE("a context of 10,000 tokens or more is prefilled alone") {
    source_config c;
    CHECK(choose_phase(c, tokens(9'999)) == phase::prefill_decode);
    CHECK(choose_phase(c, tokens(10'000)) == phase::prefill);
    c.decode_only = true;
    CHECK(choose_phase(c, tokens(10'000)) == phase::decode);
    c.decode_only = false;
    c.prefill_only = true;
    CHECK(choose_phase(c, tokens(1)) == phase::prefill);
}

TEST_CASE("classes of service come as 15, 35 and 50 of a hundred") {
    random_stream draw(11);
    std::array<int, 3> seen{};
    constexpr int n = 100'000;
    for (int i = 0; i < n; ++i) ++seen[static_cast<std::size_t>(draw_service(draw, parameters{}))];
    CHECK(chi_square(seen, std::array{0.15 * n, 0.35 * n, 0.50 * n}) < 13.8); // 2 degrees of freedom, 99.9 %
}

TEST_CASE("a fifth of the requests opens with one of three system prompts") {
    const source_config c;
    random_stream draw(12);
    std::array<int, 4> seen{};
    constexpr int n = 100'000;
    for (int i = 0; i < n; ++i) {
        request r;
        draw_system_prompt(draw, c, r);
        if (r.system_prompt == request::no_system_prompt) {
            REQUIRE(r.system_prompt_tokens == tokens(0));
            ++seen[3];
        } else {
            REQUIRE(r.system_prompt_tokens == tokens(c.parameters.system_prompt_tokens.at(r.system_prompt)));
            ++seen[r.system_prompt];
        }
    }
    CHECK(chi_square(seen, std::array{n / 15.0, n / 15.0, n / 15.0, n * 0.8}) < 16.3); // 3 degrees of freedom
}

TEST_CASE("without prefix caching no request has a system prompt, and the stream moves on as with it") {
    source_config off;
    off.prefix_caching = false;
    off.parameters.system_prompt_probability = 1;
    source_config on = off;
    on.prefix_caching = true;
    random_stream a(13), b(13);
    request with, without;
    draw_system_prompt(a, on, with);
    draw_system_prompt(b, off, without);
    CHECK(with.system_prompt != request::no_system_prompt);
    CHECK(without.system_prompt == request::no_system_prompt);
    CHECK(a.next() == b.next());
}
