// The three sources of requests that the tool offers, as one type: each stack is compiled once, not three
// times.
#pragma once

#include <kvmark/workload/burst_gpt.hpp>
#include <kvmark/workload/sharegpt.hpp>
#include <kvmark/workload/user_personas.hpp>

#include <variant>

namespace kvmark::cli {

/// Simulated users, a BurstGPT trace or ShareGPT conversations. It scales and has documents where the source
/// inside does; elsewhere set_users() changes nothing and there are no documents.
class request_source {
public:
    template <class Source>
    explicit request_source(Source s) : source_(std::move(s)) {}

    std::optional<workload::request> next() {
        if (auto* users = std::get_if<workload::user_personas>(&source_)) return users->next();
        if (auto* trace = std::get_if<workload::burst_gpt>(&source_)) return trace->next();
        return std::get<workload::sharegpt>(source_).next();
    }

    void set_users(std::uint64_t count, nanoseconds now) {
        if (auto* users = std::get_if<workload::user_personas>(&source_)) users->set_users(count, now);
        if (auto* recorded = std::get_if<workload::sharegpt>(&source_)) recorded->set_users(count, now);
    }
    [[nodiscard]] std::uint64_t users() const {
        if (const auto* users = std::get_if<workload::user_personas>(&source_)) return users->users();
        if (const auto* recorded = std::get_if<workload::sharegpt>(&source_)) return recorded->users();
        return 0;
    }

    [[nodiscard]] std::uint32_t document_count() const {
        const auto* users = std::get_if<workload::user_personas>(&source_);
        return users ? users->document_count() : 0;
    }
    [[nodiscard]] std::uint32_t chunk_count(std::uint32_t document) const {
        return std::get<workload::user_personas>(source_).chunk_count(document);
    }
    [[nodiscard]] workload::chunk_ref chunk(std::uint32_t document, std::uint32_t index) const {
        return std::get<workload::user_personas>(source_).chunk(document, index);
    }

    /// Why a trace ended early.
    [[nodiscard]] std::optional<error> failure() const {
        const auto* trace = std::get_if<workload::burst_gpt>(&source_);
        return trace ? trace->failure() : std::nullopt;
    }

private:
    std::variant<workload::user_personas, workload::burst_gpt, workload::sharegpt> source_;
};

static_assert(workload::scalable_source<request_source> && workload::document_source<request_source>);

} // namespace kvmark::cli
