// Keeps one object alive for all who hold a copy.
#pragma once

#include <kvmark/core/config.hpp>

#include <atomic>
#include <utility>

namespace kvmark {

/// What std::shared_ptr<const void> would do, for a thirtieth of the lines of <memory>: 40,000 of them in
/// every file that includes kvmark.hpp. Copies may be used in several threads.
class shared_owner {
public:
    shared_owner() = default;
    /// Takes the object; `kept` is where it lies from now on.
    template <class T>
    KVMARK_COLD static shared_owner of(T object, const T*& kept) {
        auto* held =
            new holder<T>{{{1}, [](block* b) { delete static_cast<holder<T>*>(b); }}, std::move(object)};
        kept = &held->object;
        shared_owner owner;
        owner.block_ = held;
        return owner;
    }

    shared_owner(const shared_owner& o) : block_(o.block_) {
        if (block_) block_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    shared_owner(shared_owner&& o) noexcept : block_(std::exchange(o.block_, nullptr)) {}
    shared_owner& operator=(shared_owner o) noexcept {
        std::swap(block_, o.block_);
        return *this;
    }
    ~shared_owner() {
        if (block_ && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) block_->destroy(block_);
    }

private:
    struct block {
        std::atomic<long> owners;
        void (*destroy)(block*);
    };
    template <class T>
    struct holder : block {
        T object;
    };

    block* block_ = nullptr;
};

} // namespace kvmark
