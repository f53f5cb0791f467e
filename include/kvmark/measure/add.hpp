// Counters and distributions added up: over threads, over tiers of one role, over the ranks of a job.
#pragma once

#include <kvmark/measure/run_report.hpp>

namespace kvmark::measure {

inline void add(cache_counters& to, const cache_counters& c) {
    to.hits += c.hits;
    to.misses += c.misses;
    to.system_prompt_hits += c.system_prompt_hits;
    to.system_prompt_misses += c.system_prompt_misses;
    to.system_prompt_bytes_saved += c.system_prompt_bytes_saved;
    to.turn_hits += c.turn_hits;
    to.turn_misses += c.turn_misses;
    to.chunk_hits += c.chunk_hits;
    to.chunk_misses += c.chunk_misses;
    to.user_hits += c.user_hits;
    to.prefill_writes += c.prefill_writes;
    to.decode_reads += c.decode_reads;
    to.not_placed += c.not_placed;
    to.storage_tokens += c.storage_tokens;
    to.storage_tokens_read += c.storage_tokens_read;
}

inline void add(direction_stats& to, const direction_stats& d) {
    to.operations += d.operations;
    to.moved += d.moved;
    to.total.merge(d.total);
    to.queue.merge(d.queue);
    to.submit.merge(d.submit);
    to.device.merge(d.device);
    to.copy.merge(d.copy);
    to.verify.merge(d.verify);
    to.host.merge(d.host);
    to.io.merge(d.io);
}

/// Each GPU once, whatever number of tiers, or of ranks of its host, it is used by.
inline void add(std::vector<used_gpu>& to, const used_gpu& g) {
    for (const used_gpu& known : to) {
        const gpu::gpu_facts &a = known.facts, &b = g.facts;
        const bool named = !a.uuid.empty() || !a.pci_address.empty();
        if (known.host == g.host && a.uuid == b.uuid && a.pci_address == b.pci_address &&
            (named || a.index == b.index))
            return;
    }
    to.push_back(g);
}

inline void add(class_stats& to, const class_stats& c) {
    to.arrived += c.arrived;
    to.completed += c.completed;
    to.queued += c.queued;
    to.in_service += c.in_service;
    to.latency.merge(c.latency);
}

inline void add(process_usage& to, const process_usage& p) {
    to.user += p.user;
    to.system += p.system;
    to.peak_resident += p.peak_resident;
    to.thread += p.thread;
    to.processors += p.processors;
}

inline void add(serving_stats& to, const serving_stats& s) {
    cache::replay_counts& c = to.counts;
    c.requests += s.counts.requests;
    c.block_refs += s.counts.block_refs;
    c.hit_blocks_prefix += s.counts.hit_blocks_prefix;
    c.hit_blocks_any += s.counts.hit_blocks_any;
    c.recomputed_blocks += s.counts.recomputed_blocks;
    c.measured_tokens += s.counts.measured_tokens;
    c.hit_tokens += s.counts.hit_tokens;
    for (std::size_t t = 0; t < c.tiers.size(); ++t) {
        c.tiers[t].read += s.counts.tiers[t].read;
        c.tiers[t].written += s.counts.tiers[t].written;
        c.tiers[t].demoted += s.counts.tiers[t].demoted;
        c.tiers[t].dropped += s.counts.tiers[t].dropped;
    }
    to.block = s.block;
    to.block_tokens = s.block_tokens;
    to.completed += s.completed;
    to.ttft.merge(s.ttft);
    to.queue.merge(s.queue);
    to.load.merge(s.load);
    to.prefill.merge(s.prefill);
    to.inter_token.merge(s.inter_token);
}

/// Whether a tier has a limit at all: a modelled or null tier may hold any amount.
[[nodiscard]] constexpr bool is_bounded(bytes limit) { return limit.count != ~std::uint64_t{0}; }

/// Two limits together; without bound where one of them is.
[[nodiscard]] constexpr bytes add_limits(bytes a, bytes b) {
    return is_bounded(a) && is_bounded(b) ? a + b : bytes(~std::uint64_t{0});
}

} // namespace kvmark::measure
