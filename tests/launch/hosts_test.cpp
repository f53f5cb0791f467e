#include <kvmark/launch/hosts.hpp>

#include "support/catch.hpp"

using kvmark::launch::host_plan;
using kvmark::launch::launch_errors;
using kvmark::launch::launch_fault;
using kvmark::launch::launch_warnings;
using kvmark::launch::same_host;

using list = std::vector<std::string>;
using count = std::optional<std::int64_t>;

namespace {

/// `-host` as a launcher would get it, or the fault's number where there is one.
constexpr std::string shares(const list& hosts, count processes = {}) {
    const host_plan plan(hosts, processes);
    if (plan.fault() != launch_fault::none) return "fault";
    std::string text;
    for (const auto& host : plan.hosts()) {
        if (host.slots == 0) continue;
        if (!text.empty()) text += ',';
        text += host.name;
        text += ':';
        text += static_cast<char>('0' + host.slots);
    }
    return text;
}

constexpr launch_fault fault_of(const list& hosts, count processes = {}) {
    return host_plan(hosts, processes).fault();
}

std::vector<std::string> messages(const list& hosts, count processes = {}) {
    std::vector<std::string> all;
    for (const kvmark::error& e : launch_errors(hosts, processes)) all.push_back(e.message);
    return all;
}

} // namespace

constexpr bool shares_out() {
    return shares({"host1", "host2"}) == "host1:1,host2:1"       //
           && shares({"a", "b", "c"}, 7) == "a:3,b:2,c:2"        // the remainder first
           && shares({"a", "b", "c"}, 2) == "a:1,b:1"            // no share, no part
           && shares({"a", "b"}, 1) == "a:1"                     //
           && shares({"a:1", "b:3"}, 4) == "a:1,b:3"             // as configured
           && shares({"a:2", "b:2"}) == "a:2,b:2"                //
           && shares({"a:4", "b"}, 6) == "a:4,b:2"               // b takes what is left
           && shares({"a:4", "b", "c", "d"}, 6) == "a:4,b:1,c:1" //
           && shares({"a", "a"}, 4) == "a:4" && shares({"a:2", "b:1", "a:3"}, 6) == "a:5,b:1" //
           && shares({"a:2", "b", "a"}, 7) == "a:5,b:2"                  // a: 2, and 3 of the other 5
           && shares({"Node1", "b", "nODE1"}, 2) == "Node1:1,b:1"        //
           && shares({"localhost", "127.0.0.1"}, 2) == "localhost:2"     //
           && shares({"127.0.0.1:1", "LOCALHOST:2"}, 3) == "127.0.0.1:3" //
           && shares({" a, b\tc:2 ,", "d"}, 5) == "a:1,b:1,c:2,d:1";
}
static_assert(shares_out());

constexpr bool counts_processes() {
    const list three{"a,b", "a", "c"};
    const list slotted{"h1:2", "h2:2"};
    const host_plan by_default(three, {});
    const host_plan by_hosts_not_slots(slotted, {});
    const host_plan one(list{"a", "b"}, 1);
    const host_plan nowhere(list{}, {});
    return by_default.processes() == 3 && by_default.used() == 3 //
           && by_hosts_not_slots.processes() == 2                // vectors: mpi_slots_np_none
           && one.used() == 1 && one.hosts().size() == 2         // one host: mapped by socket
           && nowhere.processes() == 1 && nowhere.used() == 0 && nowhere.fault() == launch_fault::none;
}
static_assert(counts_processes());

constexpr bool finds_faults() {
    return fault_of({":4"}) == launch_fault::empty_name                               //
           && fault_of({std::string("a\0b", 3)}) == launch_fault::control_character   //
           && fault_of({"a\x7f"}) == launch_fault::control_character                  //
           && fault_of({"a;reboot"}) == launch_fault::semicolon                       //
           && fault_of({"-x"}) == launch_fault::leading_dash                          //
           && fault_of({"::1"}) == launch_fault::several_colons                       //
           && fault_of({"[::1]:2"}) == launch_fault::several_colons                   //
           && fault_of({"a:1:2"}) == launch_fault::several_colons                     //
           && fault_of({"a:"}) == launch_fault::slots_not_a_number                    //
           && fault_of({"a:x"}) == launch_fault::slots_not_a_number                   //
           && fault_of({"a:+1"}) == launch_fault::slots_not_a_number                  //
           && fault_of({"a:1.5"}) == launch_fault::slots_not_a_number                 //
           && fault_of({"a:0"}) == launch_fault::slots_below_one                      //
           && fault_of({"a:-1"}) == launch_fault::slots_below_one                     //
           && fault_of({"a:2147483648"}) == launch_fault::slots_overflow              //
           && fault_of({"a:99999999999999999999999"}) == launch_fault::slots_overflow //
           && fault_of({"a:2147483647", "a:1"}) == launch_fault::slots_overflow       // after merging
           && fault_of({"a:2147483647"}) == launch_fault::none                        //
           && fault_of({" , "}) == launch_fault::no_host_named &&
           fault_of({""}) == launch_fault::no_host_named                    //
           && fault_of({"a"}, 0) == launch_fault::process_count             //
           && fault_of({"a"}, -1) == launch_fault::process_count            //
           && fault_of({"a"}, 2'147'483'648) == launch_fault::process_count //
           && fault_of({}, 0) == launch_fault::process_count                //
           && fault_of({}, 2) == launch_fault::processes_without_hosts      //
           && fault_of({}, 1) == launch_fault::none                         //
           && fault_of({"a:4", "b"}, 4) == launch_fault::nothing_left       //
           && fault_of({"a:4", "b"}) == launch_fault::nothing_left          // 2 processes, one for each host
           && fault_of({"a:2", "b:2"}, 8) == launch_fault::slots_insufficient;
}
static_assert(finds_faults());

static_assert(same_host("localhost", "127.0.0.1") && same_host("A.example", "a.EXAMPLE"));
static_assert(!same_host("node1", "node10") && !same_host("localhost", "127.0.0.2"));

TEST_CASE("too few slots are said in the reference's words") {
    CHECK(messages({"host1:2", "host2:2"}, 8) ==
          list{"Configured slots (4) are not sufficient to run 8 processes"});
}

TEST_CASE("every bad entry is named, and the process count beside them") {
    const auto all = messages({"good", "-a", "b:0,c:x", ":3 ::1", "e;f"}, 0);
    REQUIRE(all.size() == 7);
    const list named{"'-a'", "'b:0'", "'c:x'", "':3'", "'::1'", "'e;f'", "--num-processes 0"};
    for (std::size_t i = 0; i < named.size(); ++i) CHECK_THAT(all[i], Catch::Contains(named[i]));
}

TEST_CASE("an entry's control characters are shown, not sent to the terminal") {
    const auto all = messages({"a\x1b[2J"});
    REQUIRE(all.size() == 1);
    CHECK_THAT(all[0], Catch::Contains("'a\\x1b[2J'"));
}

TEST_CASE("a plain entry that nothing is left for is named, with the numbers") {
    const auto all = messages({"a:4", "b"}, 4);
    REQUIRE(all.size() == 1);
    CHECK_THAT(all[0],
               Catch::Contains("'b'") && Catch::Contains("4 slots") && Catch::Contains("4 processes"));
}

TEST_CASE("a sound launch has no errors; a host without a share is a warning") {
    const list hosts{"a", "b", "c"};
    CHECK(messages(hosts, 2).empty());
    CHECK(launch_warnings(host_plan(hosts, 2)) ==
          list{"host c runs none of the 2 processes and is left out"});
    CHECK(launch_warnings(host_plan(hosts, 3)).empty());
}
