// The functions about modules and their kernels.
#include "stand_in/cuda_streams.hpp"

#include <cctype>
#include <cstring>

namespace kvmark::gpu {

using stand_in::machine;

namespace {

/// Behind blanks and comments.
std::string_view first_words(std::string_view text) {
    for (;;) {
        while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
        const char* end = text.starts_with("//") ? "\n" : text.starts_with("/*") ? "*/" : nullptr;
        if (end == nullptr) return text;
        const std::size_t at = text.find(end);
        text.remove_prefix(at == text.npos ? text.size() : at + std::strlen(end));
    }
}

/// Whether `.entry NAME` is in the text.
bool has_entry(std::string_view ptx, std::string_view name) {
    constexpr std::string_view entry = ".entry";
    for (std::size_t at = ptx.find(entry); at != ptx.npos; at = ptx.find(entry, at)) {
        at += entry.size();
        const std::string_view rest = first_words(ptx.substr(at));
        if (!rest.starts_with(name)) continue;
        const char after = rest.size() > name.size() ? rest[name.size()] : ' ';
        if (std::isalnum(static_cast<unsigned char>(after)) == 0 && after != '_' && after != '$') return true;
    }
    return false;
}

} // namespace

KVMARK_CUDA status cuModuleLoadData(module* made, const void* image) {
    KVMARK_CUDA_CALL_IN(current);
    if (made == nullptr || image == nullptr) return status::invalid_value;
    constexpr unsigned fatbin_magic = 0xba55ed50;
    const auto* bytes = static_cast<const char*>(image);
    const bool machine_code = std::strncmp(bytes,
                                           "\x7f"
                                           "ELF",
                                           4) == 0 ||
                              std::memcmp(bytes, &fatbin_magic, 4) == 0;
    if (!machine_code && !first_words(bytes).starts_with(".version"))
        return std::isprint(static_cast<unsigned char>(*bytes)) ? cuda_status::invalid_ptx
                                                                : cuda_status::invalid_image;
    *made = machine::get().modules.make();
    if (!machine_code) (*made)->ptx = bytes;
    return status::success;
}

KVMARK_CUDA status cuModuleUnload(module m) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    context current = nullptr;
    const status state = stand_in::current_context(current);
    if (current == nullptr) return state;
    return machine::get().modules.take(m) ? state : cuda_status::invalid_handle;
}

KVMARK_CUDA status cuModuleGetFunction(kernel* found, module m, const char* name) {
    KVMARK_CUDA_CALL_IN(current);
    if (found == nullptr || name == nullptr) return status::invalid_value;
    if (!machine::get().modules.has(m)) return cuda_status::invalid_handle;
    const stand_in::host_kernel* code = stand_in::find_host_kernel(name);
    if (code == nullptr || (!m->ptx.empty() && !has_entry(m->ptx, name))) return cuda_status::not_found;
    m->kernels.push_back(std::make_unique<kernel_of_driver>(kernel_of_driver{*code}));
    *found = m->kernels.back().get();
    return status::success;
}

KVMARK_CUDA status cuLaunchKernel(kernel k, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                  unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                                  stream s, void** arguments, void** extra) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    if (k == nullptr || &s->owner != current) return cuda_status::invalid_handle;
    const std::uint64_t threads = std::uint64_t{block_x} * block_y * block_z;
    if (std::uint64_t{grid_x} * grid_y * grid_z == 0 || threads == 0 || threads > 1024 || extra != nullptr)
        return status::invalid_value;
    task t{.what = task::kind::launch,
           .code = &k->code,
           .grid = {grid_x, grid_y, grid_z},
           .block = {block_x, block_y, block_z},
           .shared_bytes = shared_bytes};
    const auto sizes = k->code.parameters;
    if (sizes.size() > t.arguments.size() || (!sizes.empty() && arguments == nullptr))
        return status::invalid_value;
    for (std::size_t i = 0; i < sizes.size(); ++i) std::memcpy(t.arguments[i].bytes, arguments[i], sizes[i]);
    s->push(t);
    return status::success;
}

static_assert(std::is_same_v<decltype(&cuModuleLoadData), decltype(driver::load_module)> &&
              std::is_same_v<decltype(&cuModuleUnload), decltype(driver::unload_module)> &&
              std::is_same_v<decltype(&cuModuleGetFunction), decltype(driver::find_kernel)> &&
              std::is_same_v<decltype(&cuLaunchKernel), decltype(driver::launch)>);

} // namespace kvmark::gpu
