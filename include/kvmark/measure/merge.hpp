// The reports of a job's ranks made one.
#pragma once

#include <kvmark/measure/add.hpp>
#include <kvmark/measure/merge_series.hpp>

#include <span>

namespace kvmark::measure {

/// Counters add up and histograms add up bucket by bucket, so a percentile of the sum is as exact as one of
/// all samples in one histogram. Give the reports in the order of their ranks.
class report_merger {
public:
    /// Corruptions and failures that are kept with their place.
    static constexpr std::size_t kept_faults = 16;

    /// `max_samples` is the most rows per request that the sum has.
    explicit report_merger(std::uint64_t max_samples) : samples_(max_samples) {}

    /// Ranks with the same `host` share its devices.
    KVMARK_COLD void add(run_report part, std::uint32_t rank, std::uint32_t host) {
        if (count_++ == 0) sum_.seed = part.seed;
        if (sum_.elapsed < part.elapsed) sum_.elapsed = part.elapsed;
        sum_.virtual_time |= part.virtual_time;
        sum_.peak_users += part.peak_users;
        sum_.requests_completed += part.requests_completed;
        sum_.tokens_generated += part.tokens_generated;
        sum_.storage_time += part.storage_time;
        sum_.generation_time += part.generation_time;
        sum_.end_to_end.merge(part.end_to_end);
        sum_.queue.merge(part.queue);
        sum_.storage_io.merge(part.storage_io);
        sum_.generation.merge(part.generation);
        sum_.prefill.merge(part.prefill);
        sum_.decode.merge(part.decode);
        for (std::size_t i = 0; i < part.classes.size(); ++i) measure::add(sum_.classes[i], part.classes[i]);
        measure::add(sum_.cache, part.cache);
        for (std::size_t i = 0; i < part.tiers.size(); ++i) add_tier(i, part.tiers[i]);
        measure::add(sum_.process, part.process);
        if (part.serving) measure::add(sum_.serving ? *sum_.serving : sum_.serving.emplace(), *part.serving);
        sum_.io_buffer_bytes += part.io_buffer_bytes;
        add_device(host, part.device);
        add_gpus(host, part.gpus);
        add_faults(part, rank);
        timeline_.add(part.timeline);
        autoscaling_.add(part.autoscaling);
        sum_.samples_capped |= part.samples_capped;
        samples_.add(std::move(part.samples));
    }

    /// What went wrong on a rank and what ended it, without its figures.
    KVMARK_COLD void add_faults(const run_report& part, std::uint32_t rank) {
        sum_.interrupted |= part.interrupted;
        if (sum_.stop_signal == 0) sum_.stop_signal = part.stop_signal;
        sum_.corrupt_sectors += part.corrupt_sectors;
        sum_.failed_operations += part.failed_operations;
        const std::string where = "rank " + std::to_string(rank) + ": ";
        for (const corruption& c : part.corruptions) keep(sum_.corruptions, c, where);
        for (const io_failure& f : part.failures) keep(sum_.failures, f, where);
    }

    /// Known of a rank whose figures are not in the sums too.
    KVMARK_COLD void add_gpus(std::uint32_t host, const std::vector<used_gpu>& gpus) {
        for (const used_gpu& g : gpus) measure::add(sum_.gpus, {host, g.facts});
    }

    [[nodiscard]] KVMARK_COLD run_report take() && {
        for (std::size_t i = 0; i < sum_.tiers.size(); ++i) sum_.tiers[i].note = joined(notes_[i]);
        sum_.device = devices_together();
        sum_.samples_capped |= samples_.capped();
        sum_.samples = std::move(samples_).take();
        sum_.timeline = std::move(timeline_).take(sum_.elapsed);
        sum_.autoscaling = std::move(autoscaling_).take();
        return std::move(sum_);
    }

private:
    struct counted_note {
        std::string text;
        std::size_t ranks = 0;
    };
    struct host_device {
        std::uint32_t host = 0;
        device_usage usage;
    };

    void add_tier(std::size_t i, const tier_stats& t) {
        if (i == sum_.tiers.size()) {
            tier_stats& first = sum_.tiers.emplace_back();
            first.name = t.name;
            first.role = t.role;
            notes_.emplace_back();
        }
        tier_stats& to = sum_.tiers[i];
        to.limit = add_limits(to.limit, t.limit);
        to.used += t.used;
        to.entries += t.entries;
        to.demotions_in += t.demotions_in;
        to.evictions += t.evictions;
        measure::add(to.read, t.read);
        measure::add(to.write, t.write);
        if (t.note.empty()) return;
        for (counted_note& n : notes_[i])
            if (n.text == t.note) return ++n.ranks, void();
        notes_[i].push_back({t.note, 1});
    }

    /// A note that holds for all ranks as it is; else each with the number of ranks it holds for.
    [[nodiscard]] std::string joined(const std::vector<counted_note>& notes) const {
        if (notes.size() == 1 && notes[0].ranks == count_) return notes[0].text;
        std::string text;
        for (const counted_note& n : notes)
            text += (text.empty() ? "" : "; ") + n.text + " (" + std::to_string(n.ranks) + " of " +
                    std::to_string(count_) + " ranks)";
        return text;
    }

    /// The ranks of a host read the same counters of the kernel, each over its own window: the largest
    /// counts.
    void add_device(std::uint32_t host, const device_usage& d) {
        for (host_device& known : devices_) {
            if (known.host != host || known.usage.name != d.name) continue;
            if (known.usage.read < d.read) known.usage.read = d.read;
            if (known.usage.written < d.written) known.usage.written = d.written;
            return;
        }
        devices_.push_back({host, d});
    }

    /// Without a name where some rank has no device: the sum would be that of a part of the bytes.
    [[nodiscard]] device_usage devices_together() const {
        device_usage all, unknown;
        std::vector<std::string_view> names;
        for (const host_device& d : devices_) unknown.in_memory |= d.usage.in_memory;
        for (const host_device& d : devices_) {
            if (d.usage.name.empty()) return unknown;
            all.read += d.usage.read;
            all.written += d.usage.written;
            bool known = false;
            for (const std::string_view name : names) known |= name == d.usage.name;
            if (known) continue;
            names.push_back(d.usage.name);
            all.name += (all.name.empty() ? "" : ", ") + d.usage.name;
        }
        return all;
    }

    template <class Fault>
    static void keep(std::vector<Fault>& kept, Fault f, const std::string& where) {
        if (kept.size() == kept_faults) return;
        f.tier = where + f.tier;
        kept.push_back(std::move(f));
    }

    run_report sum_;
    std::size_t count_ = 0;
    std::vector<std::vector<counted_note>> notes_; ///< by tier
    std::vector<host_device> devices_;
    sample_shares samples_;
    timeline_sum timeline_;
    autoscaling_sum autoscaling_;
};

/// The reports of ranks 0, 1, ... of one host.
[[nodiscard]] KVMARK_COLD run_report merge(std::span<const run_report> parts, std::uint64_t max_samples) {
    report_merger merger(max_samples);
    std::uint32_t rank = 0;
    for (const run_report& part : parts) merger.add(part, rank++, 0);
    return std::move(merger).take();
}

} // namespace kvmark::measure
