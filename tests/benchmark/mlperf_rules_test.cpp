// The mandated options against the reference's own command lines, and the layout of ranks.
#include "support/reference_vectors.hpp"

#include <kvmark/benchmark/command.hpp>
#include <kvmark/benchmark/mlperf_rules.hpp>

using namespace kvmark;
namespace json = boost::json;

namespace {

std::string text_of(gib_number g) { return std::string(std::string_view(command::gib_text(g))); }

/// As the reference's wrapper forwards them.
std::vector<std::string> forwarded(const options& o) {
    return {"--model",
            std::string(o.model.name),
            "--num-users",
            std::to_string(o.num_users),
            "--duration",
            std::to_string(o.duration),
            "--gpu-mem-gb",
            text_of(o.gpu_mem_gb),
            "--cpu-mem-gb",
            text_of(o.cpu_mem_gb),
            "--max-concurrent-allocs",
            std::to_string(o.max_concurrent_allocs),
            "--generation-mode",
            std::string(name_of(o.generation_mode))};
}

struct wish {
    options user;
    std::vector<std::string> names;
    std::vector<std::string_view> given;
};

/// The command line of a case.
wish wish_of(const std::vector<std::string>& words) {
    wish w;
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) w.names.push_back(words[i].substr(2));
    for (const std::string& name : w.names) w.given.push_back(name);
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
        const std::string &name = words[i], &value = words[i + 1];
        if (name == "--model") w.user.model = *models::find(value);
        if (name == "--num-users") w.user.num_users = std::stoll(value);
        if (name == "--duration") w.user.duration = std::stoll(value);
        // The wrapper's parser makes a float of it, and prints one.
        if (name == "--gpu-mem-gb") w.user.gpu_mem_gb = std::stod(value);
        if (name == "--cpu-mem-gb") w.user.cpu_mem_gb = std::stod(value);
        if (name == "--generation-mode") w.user.generation_mode = generation_mode::none;
        if (name == "--cache-dir") w.user.cache_dir = value;
    }
    return w;
}

const mlperf::option_rules& rules_of(const json::object& input) {
    return mlperf::option_table[static_cast<std::size_t>(input.at("option").as_int64()) - 1];
}

options effective(const mlperf::option_rules& rules, mlperf::division d, const wish& w) {
    return mlperf::effective_options(rules, d, w.user, w.given);
}

} // namespace

TEST_CASE("mlperf_rules: the reference's command lines") {
    std::size_t closed = 0, open = 0;
    for (const json::value& value : test::read_cases("option_arguments.json")) {
        const json::object& c = value.as_object();
        const json::object& input = c.at("input").as_object();
        const std::string name(c.at("name").as_string());
        INFO(name);
        const bool is_closed = input.at("mode").as_string() == "closed";
        const auto d = is_closed ? mlperf::division::closed : mlperf::division::open;
        const wish w = wish_of(test::strings_at(input, "argv"));
        const std::vector<std::string> words = forwarded(effective(rules_of(input), d, w));
        std::vector<std::string> expected = test::strings_at(c, "output");
        // The reference's parser puts its defaults where the user said nothing; nobody asked for those.
        for (std::size_t i = 0; i < expected.size(); i += 2) {
            bool given = is_closed || !input.contains("argv");
            for (const std::string& n : w.names) given = given || "--" + n == expected[i];
            if (!given) expected[i + 1] = forwarded(effective(rules_of(input), d, {}))[i + 1];
        }
        CHECK(words == expected);
        if (name.ends_with("_closed") || name.ends_with("_nothing_set"))
            CHECK(words == test::strings_at(c, "output"));
        ++(is_closed ? closed : open);
    }
    CHECK(closed == 3);
    CHECK(open >= 3);
}

TEST_CASE("mlperf_rules: closed takes where to run and nothing else") {
    wish w;
    w.user.num_users = 1;
    w.user.seed = 7;
    w.user.verify = verify_mode::none;
    w.user.layout = tier::layout_kind::slab;
    w.user.enable_autoscaling = true;
    w.user.cache_dir = "/mnt/kv";
    w.user.hosts = {"h1,h2"};
    w.given = {"num-users", "seed", "layout"};
    const mlperf::option_rules& rules = mlperf::option_table[1];
    const options closed = effective(rules, mlperf::division::closed, w);
    CHECK(closed.num_users == 100);
    CHECK(closed.seed == 42);
    CHECK(closed.verify == options().verify);
    CHECK(closed.layout == tier::layout_kind::file_per_entry);
    CHECK_FALSE(closed.enable_autoscaling);
    CHECK(closed.cache_dir == "/mnt/kv");
    CHECK(closed.hosts == w.user.hosts);

    const options open = effective(rules, mlperf::division::open, w);
    CHECK(open.num_users == 1);
    CHECK(open.seed == 7);
    CHECK(open.layout == tier::layout_kind::slab);
    CHECK(open.cpu_mem_gb == 4);
    CHECK(open.verify == verify_mode::none);
}

TEST_CASE("mlperf_rules: the layout of ranks") {
    using ranks = std::optional<std::int64_t>;
    const auto lay_out = [](std::int64_t hosts, ranks processes, ranks each) {
        const auto l = mlperf::lay_out(hosts, processes, each);
        return l ? std::pair(l->npernode, l->ranks) : std::pair(std::int64_t{-1}, std::int64_t{-1});
    };
    const std::pair<std::int64_t, std::int64_t> refused{-1, -1};
    // framework.md 3.2, but for a number of ranks per host that is 0 or less.
    CHECK(lay_out(2, {}, {}) == std::pair<std::int64_t, std::int64_t>{1, 2});
    CHECK(lay_out(2, {}, 2) == std::pair<std::int64_t, std::int64_t>{2, 4});
    CHECK(lay_out(2, 2, {}) == std::pair<std::int64_t, std::int64_t>{1, 2});
    CHECK(lay_out(2, 4, 1) == std::pair<std::int64_t, std::int64_t>{2, 4});
    CHECK(lay_out(2, 4, 2) == std::pair<std::int64_t, std::int64_t>{2, 4});
    CHECK(lay_out(2, 6, 1) == std::pair<std::int64_t, std::int64_t>{3, 6});
    for (const ranks processes : {ranks(0), ranks(-1), ranks(1), ranks(3)})
        CHECK(lay_out(2, processes, {}) == refused);
    for (const ranks each : {ranks(0), ranks(-1)}) CHECK(lay_out(2, {}, each) == refused);
    CHECK(lay_out(2, 2, 2) == refused);
    CHECK(lay_out(2, 6, 2) == refused);
    CHECK(mlperf::lay_out(2, 3, {}).error().message.find(
              "--num-processes 3: must divide evenly over 2 hosts") == 0);
    CHECK(mlperf::lay_out(2, 6, 2).error().message.find("which make 4 ranks") != std::string::npos);
}

TEST_CASE("mlperf_rules: the sequence takes 4500 s") {
    std::int64_t seconds = 2 * mlperf::sequence.inter_option_delay;
    for (const mlperf::option_rules& o : mlperf::option_table)
        seconds += mlperf::sequence.trials *
                   (mlperf::sequence.start_delay + o.duration + mlperf::sequence.end_delay);
    CHECK(seconds == 4500);
}
