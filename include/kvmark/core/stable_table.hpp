// An array that grows while others read it: elements never move.
#pragma once

#include <kvmark/core/config.hpp>

#include <array>
#include <atomic>
#include <cstdint>

namespace kvmark {

/// Elements are value-initialised, a page at a time, by whichever thread first ensures one of them. Nothing
/// is locked; reaching an element is two loads. Holds 67 million elements.
template <class T>
class stable_table {
public:
    stable_table() = default;
    stable_table(const stable_table&) = delete;
    stable_table& operator=(const stable_table&) = delete;
    ~stable_table() {
        for (auto& page : pages_) delete[] page.load(std::memory_order_relaxed);
    }

    /// The element, there from now on.
    KVMARK_INLINE T& ensure(std::uint32_t i) {
        T* page = pages_[i >> page_bits].load(std::memory_order_acquire);
        if (!KVMARK_LIKELY(page)) page = add_page(i >> page_bits);
        return page[i & (page_size - 1)];
    }
    /// Precondition: ensured before.
    [[nodiscard]] KVMARK_INLINE T& operator[](std::uint32_t i) {
        return pages_[i >> page_bits].load(std::memory_order_acquire)[i & (page_size - 1)];
    }
    /// Null when its page was never ensured.
    [[nodiscard]] KVMARK_INLINE T* find(std::uint32_t i) {
        T* page = pages_[i >> page_bits].load(std::memory_order_acquire);
        return page ? page + (i & (page_size - 1)) : nullptr;
    }

    /// Calls f(element) for every element of every page in use. No other thread may be using the table.
    template <class F>
    void for_each(F&& f) {
        for (auto& slot : pages_)
            if (T* page = slot.load(std::memory_order_relaxed))
                for (std::uint32_t i = 0; i < page_size; ++i) f(page[i]);
    }

private:
    static constexpr unsigned page_bits = 14;
    static constexpr std::uint32_t page_size = 1u << page_bits;

    KVMARK_COLD T* add_page(std::uint32_t which) {
        T* fresh = new T[page_size]();
        T* expected = nullptr;
        if (pages_[which].compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) return fresh;
        delete[] fresh;
        return expected;
    }

    std::array<std::atomic<T*>, 4096> pages_{};
};

} // namespace kvmark
