// The engine's ledger: what completed inside the window, turned into a report at its end.
#pragma once

#include <kvmark/cache/tier_bounds.hpp>
#include <kvmark/engine/io_worker.hpp>
#include <kvmark/engine/task.hpp>
#include <kvmark/measure/add.hpp>
#include <kvmark/workload/key_text.hpp>

namespace kvmark::engine {

/// A request between admission and completion, with what it will add to the report when it completes.
struct active_request : task_owner {
    workload::request request;
    nanoseconds admitted{};
    nanoseconds storage_done{};
    nanoseconds prefill_time{};
    nanoseconds decode_time{};
    std::vector<task*> steps; ///< in the order of the plan
    std::size_t at = 0;       ///< the step under way
    measure::cache_counters counted;
    active_request* next_free = nullptr;
};

/// How the wall time of one operation divides; docs/measuring.md defines the parts.
struct time_split {
    nanoseconds total{}, queue{}, submit{}, device{}, copy{}, verify{};

    [[nodiscard]] nanoseconds host() const { return submit + copy + verify; }
};

/// The units of an operation overlap, so its time in service is divided in the proportion in which its units
/// spent theirs; the five parts add up to the total exactly.
[[nodiscard]] inline time_split split_time(const task& t, nanoseconds now, nanoseconds monotonic) {
    time_split s{.total = now - t.wanted};
    const nanoseconds service = t.started.count != 0 ? monotonic - t.started : now - t.running;
    s.queue = s.total - service;
    if (s.queue.count < 0) s.queue = {};
    const nanoseconds in_service = s.total - s.queue;
    std::int64_t spent = 0;
    for (const auto& part : t.spent) spent += part.load(std::memory_order_relaxed);
    const double scale = spent > 0 ? static_cast<double>(in_service.count) / static_cast<double>(spent) : 0.0;
    const auto share = [&](io_part part) {
        return nanoseconds(static_cast<std::int64_t>(static_cast<double>(t.spent_on(part)) * scale));
    };
    s.submit = share(io_part::submit);
    s.copy = share(io_part::copy);
    s.verify = share(io_part::verify);
    s.device = in_service - s.host();
    // An operation of memory copies alone has no device to give the remainder of the rounding to.
    if (t.spent_on(io_part::device) == 0 && spent > 0) s.copy += std::exchange(s.device, nanoseconds());
    return s;
}

/// Adds `times` hits or misses of one purpose; a negative hit takes one back when its read failed.
inline void count_access(measure::cache_counters& c, purpose why, bool hit, std::uint64_t times) {
    (hit ? c.hits : c.misses) += times;
    switch (why) {
    case purpose::system_prompt:
        (hit ? c.system_prompt_hits : c.system_prompt_misses) += times;
        break;
    case purpose::earlier_turn:
        (hit ? c.turn_hits : c.turn_misses) += times;
        break;
    case purpose::chunk:
        (hit ? c.chunk_hits : c.chunk_misses) += times;
        if (hit) c.user_hits += times;
        break;
    case purpose::prefill:
    case purpose::decode:
        if (hit) c.user_hits += times;
        if (hit && why == purpose::decode) c.decode_reads += times;
        break;
    }
}

class recorder {
public:
    recorder(std::uint64_t max_samples, bytes per_token) : max_samples_(max_samples), per_token_(per_token) {
        report.samples.reserve(max_samples < 65'536 ? max_samples : 65'536);
    }

    void operation(const task& t, const time_split& s) {
        const bool reads = t.kind == op_kind::read;
        auto& d = reads ? report.tiers[t.tier].read : report.tiers[t.tier].write;
        ++d.operations;
        d.total.record(s.total);
        d.queue.record(s.queue);
        d.submit.record(s.submit);
        d.device.record(s.device);
        d.copy.record(s.copy);
        d.verify.record(s.verify);
        d.host.record(s.host());
        if (reads && report.tiers[t.tier].role == tier::tier_role::storage) recent_reads_.record(s.total);
        if (report.tiers[t.tier].role == tier::tier_role::storage) {
            const double of_entry = static_cast<double>(t.size.count) / static_cast<double>(per_token_.count);
            report.cache.storage_tokens += of_entry;
            if (reads) report.cache.storage_tokens_read += of_entry;
        }
    }

    void completed(const active_request& a, nanoseconds arrival, nanoseconds now) {
        const workload::request& r = a.request;
        const nanoseconds storage = a.storage_done - a.admitted;
        const nanoseconds generation = now - a.storage_done;
        ++report.requests_completed;
        report.tokens_generated += r.output;
        report.storage_time += storage;
        report.generation_time += generation;
        report.end_to_end.record(now - arrival);
        report.queue.record(a.admitted - arrival);
        report.storage_io.record(storage);
        report.generation.record(generation);
        if (a.prefill_time.count != 0) report.prefill.record(a.prefill_time);
        if (a.decode_time.count != 0) report.decode.record(a.decode_time);
        auto& c = report.classes[static_cast<std::size_t>(r.service)];
        ++c.completed;
        c.latency.record(now - arrival);
        add(report.cache, a.counted);
        interval_tokens_ += r.output;
        if (report.samples.size() < max_samples_)
            report.samples.push_back(
                {static_cast<float>(to_seconds(now - arrival)), static_cast<float>(to_seconds(storage)),
                 static_cast<float>(to_seconds(generation)), static_cast<float>(to_seconds(a.prefill_time)),
                 static_cast<float>(to_seconds(a.decode_time))});
        else
            report.samples_capped = true;
    }

    /// The same of a request over prefix blocks: its answer took `end_to_end`, and `load` of it the tiers.
    void answered(tokens output, nanoseconds end_to_end, nanoseconds load) {
        ++report.requests_completed;
        report.tokens_generated += output;
        report.storage_time += load;
        report.end_to_end.record(end_to_end);
        report.storage_io.record(load);
        interval_tokens_ += output;
    }

    /// A tier that only models time has no worker to count its bytes.
    template <class Stack>
    void count_modelled(const task& t, Stack& tiers) {
        const auto moved = [&](std::uint8_t index, bool writes) {
            tiers.at(index, [&]<class T>(T&) {
                if constexpr (tier::timed_tier<T>)
                    (writes ? report.tiers[index].write : report.tiers[index].read).moved += t.size;
            });
        };
        if (t.kind == op_kind::move) moved(t.from, false);
        moved(t.tier, t.kind != op_kind::read);
    }

    /// The P95 of storage reads since the last call, in ms.
    [[nodiscard]] double take_read_p95_ms() {
        const double p95 = to_milliseconds(recent_reads_.quantile(0.95));
        recent_reads_.clear();
        return p95;
    }
    [[nodiscard]] tokens take_interval_tokens() { return std::exchange(interval_tokens_, tokens()); }

    /// Adds what the crew's workers moved and met, and the faults of the engine's own.
    template <class Crew>
    KVMARK_COLD void collect(Crew& crew, const io_worker& own) {
        crew.for_each_worker([&](io_worker& w) {
            merge(w);
            report.io_buffer_bytes += w.memory().size();
        });
        merge_faults(own);
        report.interrupted = crew.stop_requested();
        report.stop_signal = crew.stop_signal();
    }

    void name_tiers(auto& tiers, const std::vector<cache::tier_bounds>& bounds) {
        tiers.for_each([&]<class T>(std::size_t i, T&) {
            report.tiers.push_back({.name = std::string(T::name), .role = T::role, .limit = bounds[i].limit});
        });
    }
    /// What a reader must know of the tiers as they are now; `planned`: what was known of each before.
    void note_tiers(auto& tiers, const std::vector<std::string>& planned) {
        report.gpus.clear();
        tiers.for_each([&](std::size_t i, auto& t) {
            for (gpu::gpu_facts& g : tier::gpus_of(t)) add(report.gpus, {.facts = std::move(g)});
            std::string note = tier::note_of(t);
            if (!planned[i].empty() && !note.empty()) note += "; ";
            report.tiers[i].note = note + planned[i];
        });
    }

    KVMARK_COLD void merge(io_worker& worker) {
        for (std::size_t t = 0; t < report.tiers.size(); ++t) {
            io_counters& c = worker.counters(t);
            report.tiers[t].read.moved += bytes(c.read_bytes.load());
            report.tiers[t].write.moved += bytes(c.written_bytes.load());
            report.tiers[t].read.io.merge(c.read_io);
            report.tiers[t].write.io.merge(c.write_io);
        }
        merge_faults(worker);
    }
    KVMARK_COLD void merge_faults(const io_worker& worker) {
        report.corrupt_sectors += worker.corrupt_sectors;
        report.failed_operations += worker.failed_units;
        for (std::size_t i = 0; i < worker.fault_count; ++i) describe(worker.faults[i]);
    }

    measure::run_report report;

private:
    KVMARK_COLD void describe(const io_fault& f) {
        workload::object_key key;
        key.packed = f.content.key;
        const std::string& tier = report.tiers[f.tier].name;
        if (f.error_number != 0) {
            if (report.failures.size() < io_worker::kept_faults)
                report.failures.push_back(
                    {workload::key_text(key), tier, name_of(f), f.offset, f.error_number});
        } else if (report.corruptions.size() < io_worker::kept_faults) {
            report.corruptions.push_back({workload::key_text(key), tier, f.offset,
                                          text_of(f.mismatch.expected), text_of(f.mismatch.found)});
        }
    }
    static std::string name_of(const io_fault& f) {
        switch (f.stage) {
        case op_stage::create:
            return "create";
        case op_stage::commit:
            return "commit";
        case op_stage::erase:
            return "erase";
        case op_stage::data:
            break;
        }
        return f.kind == op_kind::read ? "read" : f.kind == op_kind::write ? "write" : "move";
    }
    static std::string text_of(const tier::sector_stamp& s) {
        char text[160];
        std::snprintf(text, sizeof text, "key %016llx sector %u generation %u payload %016llx check %016llx",
                      static_cast<unsigned long long>(s.key), s.sector, s.generation,
                      static_cast<unsigned long long>(s.payload), static_cast<unsigned long long>(s.check));
        return text;
    }

    std::uint64_t max_samples_;
    bytes per_token_;
    measure::histogram recent_reads_;
    tokens interval_tokens_{};
};

} // namespace kvmark::engine
