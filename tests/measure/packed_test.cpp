// Packed reports come back to the last bit, and nothing else does.
#include "filled.hpp"
#include "support/catch.hpp"

#include <kvmark/core/random.hpp>
#include <kvmark/measure/packed.hpp>

#include <cmath>

using namespace kvmark;
using measure::pack;
using measure::unpack;

namespace {

template <class T>
void check_round_trip(const T& x) {
    const auto packed = pack(x);
    const result<T> back = unpack<T>(packed);
    REQUIRE(back);
    // In parentheses: nobody wants to read a million figures.
    CHECK((test::listed(*back) == test::listed(x)));
    CHECK((pack(*back) == packed));
}

/// Members after the header that fits them: only what is in them can be wrong.
template <class T>
std::vector<std::byte> with_header(std::vector<std::byte> members) {
    std::vector<std::byte> whole = pack(T{});
    whole.resize(measure::detail::packed_header_size);
    const std::uint64_t numbers[2]{members.size(), measure::detail::checksum_of(members)};
    for (std::size_t i = 0; i < 16; ++i)
        whole[8 + i] = static_cast<std::byte>(numbers[i / 8] >> i % 8 * 8 & 0xff);
    whole.insert(whole.end(), members.begin(), members.end());
    return whole;
}

std::vector<std::byte> members_of(const std::vector<std::byte>& packed) {
    return {packed.begin() + measure::detail::packed_header_size, packed.end()};
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Initializes a member of any type; an optional by its value, since both ways would be ambiguous.
struct anything {
    template <class T>
        requires(!is_optional<T>)
    operator T() const;
};

/// The members of an aggregate: the most initializers that it takes.
template <class T, class... Members>
constexpr std::size_t member_count() {
    if constexpr (requires { T{Members{}..., anything{}}; })
        return member_count<T, Members..., anything>();
    else
        return sizeof...(Members);
}

struct argument_counter {
    template <class... Ts>
    void operator()(Ts&...) {
        count += sizeof...(Ts);
    }
    std::size_t count = 0;
};

template <class... Ts>
void check_visited_members() {
    const auto check = [](auto x, std::size_t members) {
        argument_counter counter;
        visit_members(counter, x);
        CHECK(counter.count == members);
    };
    (check(Ts{}, member_count<Ts>()), ...);
}

} // namespace

// What is not visited would be lost on the way: round trips go through the same descriptions and cannot see
// it.
TEST_CASE("packed: every member of every type is visited") {
    using namespace measure;
    check_visited_members<network_interface, block_device_facts, machine_facts, device_usage, process_usage,
                          rank_tier, rank_stats, job_stats, direction_stats, tier_stats, cache_counters,
                          class_stats, corruption, io_failure, recent_latency, throughput_sample,
                          autoscale_event, request_sample, block_request_bucket, block_request_stats,
                          block_layer_stats, gpu::gpu_facts, used_gpu, run_report, delivered_rank>();
}

TEST_CASE("packed: every member of every type comes back") {
    check_round_trip(test::filled<measure::run_report>());
    check_round_trip(test::filled<measure::machine_facts>());
    check_round_trip(test::filled<measure::rank_stats>());
    check_round_trip(test::filled<measure::job_stats>());
    check_round_trip(test::filled<measure::delivered_rank>());
}

TEST_CASE("packed: a report of nothing comes back") {
    check_round_trip(measure::run_report{});
    CHECK(pack(measure::run_report{}).size() < 200);
}

TEST_CASE("packed: the ends of every number's range come back") {
    measure::run_report r;
    r.elapsed = nanoseconds(INT64_MAX);
    r.storage_time = nanoseconds(INT64_MIN);
    r.generation_time = nanoseconds(-1);
    r.stop_signal = INT32_MIN;
    r.seed = UINT64_MAX;
    r.cache.storage_tokens = 0.1;
    r.samples = {{0.1f, -0.0f, INFINITY, 1e-45f, 3e38f}};
    r.timeline.push_back({nanoseconds(-64), -1e308, bytes(127), bytes(128), 16384});
    r.end_to_end.record(nanoseconds(0));
    r.queue.record(nanoseconds(INT64_MAX));
    check_round_trip(r);
}

TEST_CASE("packed: random histograms keep count, mean, maximum and all quantiles") {
    random_stream stream(7);
    for (int round = 0; round < 20; ++round) {
        measure::run_report r;
        for (int i = 0; i < 2000; ++i)
            r.storage_io.record(
                nanoseconds(static_cast<std::int64_t>(stream.exponential(std::pow(10, round % 12)))));
        const auto back = unpack<measure::run_report>(pack(r));
        REQUIRE(back);
        CHECK((test::listed(back->storage_io) == test::listed(r.storage_io)));
        for (int i = 0; i <= 1000; ++i)
            REQUIRE(back->storage_io.quantile(i * 1e-3) == r.storage_io.quantile(i * 1e-3));
    }
}

TEST_CASE("packed: no prefix of a packed report is one") {
    const auto packed = pack(test::filled<measure::run_report>());
    for (std::size_t n = 0; n < packed.size(); ++n)
        if (unpack<measure::run_report>({packed.data(), n})) FAIL("taken with " << n << " bytes");
    auto longer = packed;
    longer.push_back(std::byte{0});
    CHECK_FALSE(unpack<measure::run_report>(longer));
}

TEST_CASE("packed: any changed bit is noticed") {
    const auto packed = pack(test::filled<measure::rank_stats>());
    for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
        auto damaged = packed;
        damaged[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
        if (unpack<measure::rank_stats>(damaged)) FAIL("taken with bit " << bit << " changed");
    }
}

// The checksum is put right again, so that the damage reaches the members.
TEST_CASE("packed: damage that the checksum does not show is refused or harmless") {
    const auto members = members_of(pack(test::filled<measure::run_report>()));
    random_stream stream(11);
    for (int round = 0; round < 2000; ++round) {
        auto damaged = members;
        for (std::uint64_t flips = stream.uniform_int(1, 4); flips > 0; --flips)
            damaged[stream.uniform_int(0, damaged.size() - 1)] = static_cast<std::byte>(stream.next() & 0xff);
        if (round % 2 == 1) damaged.resize(stream.uniform_int(0, damaged.size()));
        const auto back = unpack<measure::run_report>(with_header<measure::run_report>(damaged));
        if (back) CHECK(test::listed(*back).size() > 100); // every figure of it can be read
    }
}

TEST_CASE("packed: members out of their range are refused") {
    const auto refused = [](auto x, std::size_t at, int value) {
        auto members = members_of(pack(x));
        members.at(at) = static_cast<std::byte>(value);
        return !unpack<decltype(x)>(with_header<decltype(x)>(members));
    };
    CHECK_FALSE(refused(measure::rank_stats{}, 0, 5)); // the rank
    CHECK(refused(measure::rank_stats{}, 2, 0x7f));    // a text longer than all
    CHECK(refused(measure::rank_stats{}, 3, 2));       // a bool that is neither
    CHECK(refused(measure::rank_stats{}, 0, 0x80));    // numbers that run into one another
    const std::vector<std::byte> endless(12, std::byte{0xff});
    CHECK_FALSE(unpack<measure::rank_stats>(with_header<measure::rank_stats>(endless)));
}

TEST_CASE("packed: a list longer than its bytes costs no memory") {
    measure::job_stats job;
    auto members = members_of(pack(job));
    members[1] = std::byte{0xff}; // 2^62 ranks
    members.insert(members.begin() + 2, 8, std::byte{0xff});
    CHECK_FALSE(unpack<measure::job_stats>(with_header<measure::job_stats>(members)));
}

TEST_CASE("packed: another type is refused, and the message says what to do") {
    const auto back = unpack<measure::rank_stats>(pack(measure::machine_facts{}));
    REQUIRE_FALSE(back);
    CHECK(back.error().kind == error_kind::data);
    CHECK(back.error().message.find("the same kvmark on every host") != std::string::npos);
}

TEST_CASE("packed: a report of 100,000 requests takes little more than their rows") {
    measure::run_report r;
    random_stream stream(3);
    for (int i = 0; i < 100'000; ++i) {
        r.samples.push_back({1, 2, 3, 4, 5});
        r.end_to_end.record(nanoseconds(static_cast<std::int64_t>(stream.exponential(1e7))));
    }
    CHECK(pack(r).size() < 100'000 * sizeof(measure::request_sample) + 10'000);
    check_round_trip(r);
}

TEST_CASE("packed: a tier of every role comes back as it was") {
    for (const measure::tier_role role : {measure::tier_role::gpu, measure::tier_role::cpu,
                                          measure::tier_role::storage, measure::tier_role::peer}) {
        measure::run_report r;
        r.tiers.emplace_back();
        r.tiers.back().role = role;
        const auto back = unpack<measure::run_report>(pack(r));
        REQUIRE(back);
        CHECK(back->tiers.at(0).role == role);
    }
}
