// The layout that tier_setup names: for a program whose user chooses one.
#pragma once

#include <kvmark/tier/file_per_block.hpp>
#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/slab.hpp>

namespace kvmark::tier {

/// A comparison for each call, which the processor predicts, and so one compiled tier instead of three.
class selected_layout {
    template <class F>
    static auto ask(const tier_setup& setup, F&& f) {
        switch (setup.layout) {
        case layout_kind::file_per_block:
            return f.template operator()<file_per_block>();
        case layout_kind::slab:
            return f.template operator()<slab>();
        case layout_kind::file_per_entry:
            break;
        }
        return f.template operator()<file_per_entry>();
    }

    template <class F>
    KVMARK_INLINE auto with(F&& f) {
        if (kind_ == layout_kind::slab) return f(slab_);
        if (kind_ == layout_kind::file_per_block) return f(blocks_);
        return f(entries_);
    }

public:
    static constexpr std::string_view name = "selected";

    [[nodiscard]] KVMARK_COLD static bytes capacity(const tier_setup& setup) {
        return ask(setup, [&]<class L>() { return L::capacity(setup); });
    }
    [[nodiscard]] static bytes granule(const tier_setup& setup) {
        return ask(setup, [&]<class L>() { return L::granule(setup); });
    }

    KVMARK_COLD result<void> open(const tier_setup& setup, page_cache cache) {
        kind_ = setup.layout;
        return with([&](auto& layout) { return layout.open(setup, cache); });
    }
    [[nodiscard]] bool bypasses_cache() const {
        return const_cast<selected_layout*>(this)->with([](auto& layout) { return layout.bypasses_cache(); });
    }
    [[nodiscard]] int only_fd() const { return slab_.only_fd(); }

    [[nodiscard]] KVMARK_INLINE io_status create(entry_id e, bytes size) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.create(e, size); });
    }
    [[nodiscard]] KVMARK_INLINE io_status erase(entry_id e) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.erase(e); });
    }
    [[nodiscard]] KVMARK_INLINE io_status sync(entry_id e) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.sync(e); });
    }
    [[nodiscard]] KVMARK_INLINE file_part borrow(entry_id e, bytes offset) {
        return with([&](auto& layout) KVMARK_INLINE_LAMBDA { return layout.borrow(e, offset); });
    }
    KVMARK_INLINE void give_back(const file_part& part) {
        with([&](auto& layout) KVMARK_INLINE_LAMBDA { layout.give_back(part); });
    }

private:
    layout_kind kind_ = layout_kind::file_per_entry;
    file_per_entry entries_;
    file_per_block blocks_;
    slab slab_;
};

} // namespace kvmark::tier
