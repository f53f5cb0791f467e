// bpftrace's words, there and back.
#include "block_trace.hpp"

#include <kvmark/measure/kernel_files.hpp>

#include <boost/json/parse.hpp>

#include <charconv>
#include <cstdio>

namespace kvmark::cli {

namespace {

namespace json = boost::json;
using measure::block_request_bucket;
using buckets = std::vector<block_request_bucket>;

std::uint64_t number_or(const json::object& o, std::string_view key, std::uint64_t otherwise) {
    const json::value* v = o.if_contains(key);
    return v != nullptr && v->is_int64() && v->get_int64() >= 0 ? static_cast<std::uint64_t>(v->get_int64())
                                                                : otherwise;
}

/// Keeps them in order of their lower ends.
void add(buckets& to, const block_request_bucket& b) {
    auto at = to.begin();
    while (at != to.end() && at->low < b.low) ++at;
    if (at != to.end() && at->low == b.low)
        at->count += b.count;
    else
        to.insert(at, b);
}

/// The kernel's flags of a request (RWBS): R and W behind what flushes before it.
char direction_of(std::string_view flags) {
    while (flags.starts_with('F')) flags.remove_prefix(1);
    return flags.empty() ? ' ' : flags.front();
}

buckets difference(const buckets& later, const buckets& earlier) {
    buckets all;
    for (block_request_bucket b : later) {
        for (const block_request_bucket& e : earlier)
            if (e.low == b.low) b.count -= e.count < b.count ? e.count : b.count;
        if (b.count != 0) all.push_back(b);
    }
    return all;
}

measure::block_request_stats difference(const measure::block_request_stats& later,
                                        const measure::block_request_stats& earlier) {
    return {difference(later.latency_us, earlier.latency_us), difference(later.size, earlier.size)};
}

void find_disks(const std::string& directory, int depth, std::vector<traced_disk>& found) {
    const std::string disk = measure::path_exists(directory + "/partition") ? directory + "/.." : directory;
    const std::vector<std::string> below = measure::list_directory(disk + "/slaves");
    for (const std::string& name : below)
        if (depth < 8) find_disks(disk + "/slaves/" + name, depth + 1, found);
    if (!below.empty()) return;
    traced_disk d;
    if (std::sscanf(measure::read_text(disk + "/dev").c_str(), "%u:%u", &d.major, &d.minor) != 2) return;
    const std::string uevent = measure::read_text(disk + "/uevent");
    for (std::string_view rest = uevent; !rest.empty();) {
        std::string_view value = measure::take_until(rest, '\n');
        if (measure::take_until(value, '=') == "DEVNAME") d.name = value;
    }
    for (const traced_disk& known : found)
        if (known.major == d.major && known.minor == d.minor) return;
    found.push_back(std::move(d));
}

} // namespace

std::vector<traced_disk> disks_below(const std::string& directory) {
    std::vector<traced_disk> found;
    find_disks(directory, 0, found);
    return found;
}

std::string block_trace_program(const std::vector<traced_disk>& disks) {
    std::string chosen;
    for (const traced_disk& d : disks) // a tracepoint has a device as major << 20 | minor
        chosen += (chosen.empty() ? "args->dev == " : " || args->dev == ") +
                  std::to_string(std::uint64_t{d.major} << 20 | d.minor);
    return "tracepoint:block:block_rq_issue /" + chosen +
           "/ { @issued[args->dev, args->sector] = nsecs; }\n"
           "tracepoint:block:block_rq_complete /(" +
           chosen +
           ") && @issued[args->dev, args->sector]/ {\n"
           "    @us[args->rwbs] = hist((nsecs - @issued[args->dev, args->sector]) / 1000);\n"
           "    @sizes[args->rwbs, args->nr_sector * 512] = count();\n"
           "    delete(@issued[args->dev, args->sector]);\n"
           "}\n"
           "interval:ms:100 { printf(\"%llu\\n\", nsecs); print(@us); print(@sizes); }\n"
           "END { clear(@issued); }\n";
}

void block_trace_reader::add(std::string_view piece) {
    rest_ += piece;
    std::size_t begin = 0;
    for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
        take_line(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
}

void block_trace_reader::keep_open() {
    if (open_.at.count == 0) return;
    kept_.push_back(open_);
    // A long run keeps what is recent in full, and of the older half every second.
    constexpr std::size_t most = 4096;
    if (kept_.size() < most) return;
    std::size_t to = 0;
    for (std::size_t from = 0; from < kept_.size(); ++from)
        if (from >= most / 2 || from % 2 == 0) {
            if (to != from) kept_[to] = std::move(kept_[from]);
            ++to;
        }
    kept_.resize(to);
}

void block_trace_reader::take_line(std::string_view line) {
    boost::system::error_code failed;
    const json::value v = json::parse(line, failed);
    if (failed || !v.is_object()) return; // an empty line, or a warning
    const json::value* type = v.get_object().if_contains("type");
    const json::value* data = v.get_object().if_contains("data");
    if (type == nullptr || data == nullptr || !type->is_string()) return;
    if (type->get_string() == "attached_probes") attached_ = true;
    if (type->get_string() == "printf" && data->is_string()) {
        keep_open();
        const json::string& text = data->get_string();
        std::int64_t at = 0;
        std::from_chars(text.data(), text.data() + text.size(), at);
        open_ = {.at = nanoseconds(at), .read = {}, .write = {}};
        return;
    }
    if (!data->is_object()) return;
    const auto each = [&](std::string_view map, auto&& use) {
        const json::value* entries = data->get_object().if_contains(map);
        if (entries == nullptr || !entries->is_object()) return;
        for (const auto& [key, value] : entries->get_object()) {
            const char direction = direction_of(std::string_view(key.data(), key.size()));
            if (direction == 'R') use(key, value, open_.read);
            if (direction == 'W') use(key, value, open_.write);
        }
    };
    each("@us", [](std::string_view, const json::value& value, measure::block_request_stats& to) {
        if (!value.is_array()) return;
        for (const json::value& b : value.get_array()) {
            if (!b.is_object()) continue;
            const std::uint64_t low = number_or(b.get_object(), "min", 0);
            const std::uint64_t n = number_or(b.get_object(), "count", 0);
            if (n != 0) cli::add(to.latency_us, {low, number_or(b.get_object(), "max", low), n});
        }
    });
    each("@sizes", [](std::string_view key, const json::value& value, measure::block_request_stats& to) {
        const std::string_view text = key.substr(key.rfind(',') + 1);
        std::uint64_t size = 0;
        std::from_chars(text.data(), text.data() + text.size(), size);
        if (value.is_int64() && value.get_int64() > 0)
            cli::add(to.size, {size, size, static_cast<std::uint64_t>(value.get_int64())});
    });
}

std::optional<measure::block_layer_stats> block_trace_reader::between(nanoseconds begin,
                                                                      nanoseconds end) const {
    const snapshot* first = nullptr;
    const snapshot* last = nullptr;
    for (const snapshot& s : kept_) {
        if (s.at >= begin && first == nullptr) first = &s;
        if (s.at <= end) last = &s;
    }
    if (first == nullptr || last == nullptr || last->at <= first->at) return {};
    return measure::block_layer_stats{.devices = "",
                                      .begin = first->at - begin,
                                      .end = last->at - begin,
                                      .read = difference(last->read, first->read),
                                      .write = difference(last->write, first->write)};
}

} // namespace kvmark::cli
