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
    for (const char c : p.stage) out << (c == ' ' ? '_' : c);
    out << ' ' << p.elapsed.count << ' ' << p.window.count << ' ' << p.fraction << ' ' << p.users << ' '
        << p.completed << ' ' << p.queued << ' ' << p.tokens << ' ' << p.hit_rate;
    for (const measure::tier_progress& t : p.tiers)
        out << ' ' << t.name << ' ' << t.read.count << ' ' << t.written.count;
    return out.str();
}

/// Reads such lines; what it returns is valid until the next one.
class progress_text_reader {
public:
    [[nodiscard]] KVMARK_COLD const measure::progress& read(const std::string& text) {
        std::istringstream in(text);
        words_.clear();
        progress_ = {};
        measure::progress& p = progress_;
        std::string& stage = words_.emplace_back();
        in >> stage >> p.elapsed.count >> p.window.count >> p.fraction >> p.users >> p.completed >>
            p.queued >> p.tokens >> p.hit_rate;
        for (char& c : stage) c = c == '_' ? ' ' : c;
        p.stage = stage;
        for (std::string name; in >> name;) {
            measure::tier_progress& t = p.tiers.emplace_back();
            t.name = words_.emplace_back(name);
            in >> t.read.count >> t.written.count;
        }
        return p;
    }

private:
    measure::progress progress_;
    std::deque<std::string> words_; ///< what the names point into
};

} // namespace kvmark::exec
