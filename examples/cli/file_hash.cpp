// XXH3, 128 bits.
#include "file_hash.hpp"

#ifdef KVMARK_WITH_XXHASH
#include <cstdio>
#include <memory>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

namespace kvmark::cli {

#ifdef KVMARK_WITH_XXHASH

std::string file_hash(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
    const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                                XXH3_freeState);
    if (!file || !state) return "";
    XXH3_128bits_reset(state.get());
    std::vector<char> piece(1 << 20);
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get()))
        XXH3_128bits_update(state.get(), piece.data(), n);
    if (std::ferror(file.get()) != 0) return "";
    const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text;
}

#else

std::string file_hash(const std::string&) { return ""; }

#endif

} // namespace kvmark::cli
