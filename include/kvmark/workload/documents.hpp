// The shared documents of retrieval-augmented generation (RAG), and which of their chunks a query reads.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/workload/source_config.hpp>

#include <vector>

namespace kvmark::workload {

/// Documents of drawn length, cut into chunks of equal size but for the last. Chunk indices stay below 2^20
/// (object_key).
class document_library {
public:
    /// Holds `c.rag_documents` documents when `c.rag` is set, else none. A chunk has `chunk_tokens` tokens,
    /// or as many as fit into `max_chunk_bytes`.
    explicit document_library(const source_config& c)
        : chunk_tokens_(chunk_size(c)), chunks_per_query_(c.parameters.chunks_per_query),
          uniform_(c.parameters.rag_uniform) {
        if (!c.rag) return;
        const auto& length =
            c.model.is_large() ? c.parameters.large_model_document_tokens : c.parameters.document_tokens;
        std::uint32_t most_chunks = 0;
        for (std::uint32_t d = 0; d < c.rag_documents; ++d) {
            random_stream draw(c.seed, salt, d);
            document_tokens_.push_back(static_cast<std::uint32_t>(draw.uniform_int(length.low, length.high)));
            if (chunk_count(d) > most_chunks) most_chunks = chunk_count(d);
        }
        weight_before_.resize(most_chunks + 1);
        for (std::uint32_t rank = 1; rank <= most_chunks; ++rank)
            weight_before_[rank] = weight_before_[rank - 1] + 1.0 / rank;
    }

    [[nodiscard]] std::uint32_t document_count() const {
        return static_cast<std::uint32_t>(document_tokens_.size());
    }
    [[nodiscard]] std::uint32_t chunk_count(std::uint32_t document) const {
        return (document_tokens_[document] + chunk_tokens_ - 1) / chunk_tokens_;
    }
    /// Precondition: `index` < chunk_count(document).
    [[nodiscard]] chunk_ref chunk(std::uint32_t document, std::uint32_t index) const {
        const std::uint32_t left = document_tokens_[document] - index * chunk_tokens_;
        return {document, index, tokens(left < chunk_tokens_ ? left : chunk_tokens_)};
    }

    /// Makes `r` read chunks of one document drawn uniformly: `chunks_per_query` of them, fewer when the
    /// document has fewer, each once. The chance of a chunk falls as 1 / rank, or is uniform. Returns the
    /// tokens read. Precondition: document_count() > 0.
    tokens retrieve(random_stream& draw, request& r) const {
        const auto document = static_cast<std::uint32_t>(draw.uniform_int(0, document_count() - 1));
        const std::uint32_t available = chunk_count(document);
        std::uint32_t wanted = chunks_per_query_ < available ? chunks_per_query_ : available;
        if (wanted > request::max_chunks) wanted = request::max_chunks;
        tokens total{};
        // Drawing again on a repeat is drawing from what is left, in proportion to its weights.
        for (r.chunk_count = 0; r.chunk_count < wanted;) {
            const auto index = uniform_ ? static_cast<std::uint32_t>(draw.uniform_int(0, available - 1))
                                        : ranked(draw.uniform(), available);
            if (reads(r, index)) continue;
            const chunk_ref c = chunk(document, index);
            r.chunks[r.chunk_count++] = c;
            total += c.size;
        }
        return total;
    }

private:
    static constexpr std::uint64_t salt = 0x646f6373; // "docs"

    static std::uint32_t chunk_size(const source_config& c) {
        std::uint64_t size = c.parameters.chunk_tokens;
        if (c.bytes_per_token.count > 0) {
            const std::uint64_t fitting = c.parameters.max_chunk_bytes.count / c.bytes_per_token.count;
            if (fitting < size) size = fitting;
        }
        return size > 0 ? static_cast<std::uint32_t>(size) : 1;
    }

    static bool reads(const request& r, std::uint32_t index) {
        for (std::uint8_t i = 0; i < r.chunk_count; ++i)
            if (r.chunks[i].chunk == index) return true;
        return false;
    }

    /// The chunk, of the first `available`, at share `u` of their weights summed in order of rank.
    std::uint32_t ranked(double u, std::uint32_t available) const {
        const double target = u * weight_before_[available];
        std::uint32_t low = 0, high = available - 1;
        while (low < high) {
            const std::uint32_t middle = low + (high - low + 1) / 2;
            if (weight_before_[middle] <= target)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }

    std::vector<std::uint32_t> document_tokens_;
    std::vector<double> weight_before_; // [k]: 1/1 + ... + 1/k
    std::uint32_t chunk_tokens_;
    std::uint32_t chunks_per_query_;
    bool uniform_;
};

} // namespace kvmark::workload
