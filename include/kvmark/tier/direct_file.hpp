// Files past the page cache, by pread and pwrite: the storage tier that every Linux can run.
#pragma once

#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/file_tier.hpp>

namespace kvmark::tier {

/// O_DIRECT on preallocated files. A file system that refuses it is used through the page cache, and the
/// report says so.
template <file_layout Layout>
class basic_direct_file : public file_tier<Layout> {
public:
    static constexpr std::string_view name = "direct_file";

    KVMARK_COLD result<void> open(const tier_setup& setup) {
        auto opened = this->layout_.open(setup, page_cache::bypassed);
        buffered_ = opened && !this->layout_.bypasses_cache();
        return opened;
    }

    [[nodiscard]] std::string note() const {
        return buffered_ ? "the file system refuses O_DIRECT: figures are the page cache's, not the device's"
                         : "";
    }

private:
    bool buffered_ = false;
};
using direct_file = basic_direct_file<file_per_entry>;

} // namespace kvmark::tier
