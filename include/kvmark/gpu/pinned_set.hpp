// The memory of a run's workers, pinned while they work.
#pragma once

#include <kvmark/gpu/memory.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace kvmark::gpu {

/// Filled and emptied by several threads, each for its own memory. What cannot be pinned is used all the
/// same, at the driver's own pace, and note() says so.
class pinned_set {
public:
    /// `d` must outlive the set and stay where it is.
    KVMARK_COLD void add(const device& d, std::span<std::byte> memory) {
        auto pinned = pinned_memory::pin(d, memory);
        const std::lock_guard mine(turn_);
        if (!pinned && failed_.empty()) failed_ = pinned.error().message;
        if (pinned && pinned->data() != nullptr) members_.push_back(std::move(*pinned));
    }
    /// By whoever added it, before the memory goes away and with no copy of it under way.
    KVMARK_COLD void remove(std::span<std::byte> memory) {
        const std::lock_guard mine(turn_);
        std::erase_if(members_, [&](const pinned_memory& m) { return m.data() == memory.data(); });
    }
    /// Empty when all could be pinned.
    [[nodiscard]] KVMARK_COLD std::string note() const {
        const std::lock_guard mine(turn_);
        return failed_.empty() ? "" : failed_ + ": copies of it are slower, and wait for each other";
    }

private:
    mutable std::mutex turn_;
    std::vector<pinned_memory> members_;
    std::string failed_;
};

} // namespace kvmark::gpu
