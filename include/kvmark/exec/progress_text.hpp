// A snapshot of a run as one line of text, from rank 0 to the program that launched the job.
#pragma once

#include <kvmark/measure/progress.hpp>

#include <deque>
#include <sstream>
#include <string>

namespace kvmark::exec {

/// Words and numbers between spaces; a stage has its spaces written as underscores.
[[nodiscard]] KVMARK_COLD std::string progress_text(const measure::progress& p) {
    std::ostringstream out;
    const auto put = [&](const measure::recent_latency& l) {
        out << ' ' << l.count << ' ' << l.p50.count << ' ' << l.p95.count << ' ' << l.p99.count;
    };
    for (const char c : p.stage) out << (c == ' ' ? '_' : c);
    out << ' ' << p.elapsed.count << ' ' << p.window.count << ' ' << p.fraction << ' ' << p.users << ' '
        << p.completed << ' ' << p.queued << ' ' << p.tokens << ' ' << p.hit_rate;
    put(p.end_to_end);
    put(p.ttft);
    out << ' ' << p.tiers.size();
    for (const measure::tier_progress& t : p.tiers) {
        out << ' ' << t.name << ' ' << t.read.count << ' ' << t.written.count << ' '
            << static_cast<unsigned>(t.role) << ' ' << t.used.count << ' ' << t.limit.count << ' '
            << t.entries;
        put(t.read_latency);
        put(t.write_latency);
    }
    for (const measure::host_progress& h : p.hosts)
        out << ' ' << h.name << ' ' << h.ranks << ' ' << h.moved.count;
    return out.str();
}

/// Reads such lines; what it returns is valid until the next one.
class progress_text_reader {
public:
    [[nodiscard]] KVMARK_COLD const measure::progress& read(const std::string& text) {
        std::istringstream in(text);
        const auto get = [&](measure::recent_latency& l) {
            in >> l.count >> l.p50.count >> l.p95.count >> l.p99.count;
        };
        words_.clear();
        progress_ = {};
        measure::progress& p = progress_;
        std::string& stage = words_.emplace_back();
        in >> stage >> p.elapsed.count >> p.window.count >> p.fraction >> p.users >> p.completed >>
            p.queued >> p.tokens >> p.hit_rate;
        for (char& c : stage) c = c == '_' ? ' ' : c;
        p.stage = stage;
        get(p.end_to_end);
        get(p.ttft);
        std::size_t tiers = 0;
        in >> tiers;
        for (std::string name; p.tiers.size() < tiers && in >> name;) {
            measure::tier_progress& t = p.tiers.emplace_back();
            t.name = words_.emplace_back(name);
            unsigned role = 0;
            in >> t.read.count >> t.written.count >> role >> t.used.count >> t.limit.count >> t.entries;
            t.role = static_cast<tier::tier_role>(role);
            get(t.read_latency);
            get(t.write_latency);
        }
        for (std::string name; in >> name;) {
            measure::host_progress& h = p.hosts.emplace_back();
            h.name = words_.emplace_back(name);
            in >> h.ranks >> h.moved.count;
        }
        return p;
    }

private:
    measure::progress progress_;
    std::deque<std::string> words_; ///< what the names point into
};

} // namespace kvmark::exec
