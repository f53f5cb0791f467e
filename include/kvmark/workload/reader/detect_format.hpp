// Which format a trace has, told by its content. Opt-in.
#pragma once

#include <kvmark/workload/reader/text_file.hpp>
#include <kvmark/workload/reader/trace_options.hpp>

#include <sys/stat.h>

namespace kvmark::workload {

/// One of trace_formats. A directory is WEKA's; of a file the first 64 KiB are looked at. Errors: a file that
/// cannot be read, and `file:1:1: ...` for one that looks like none.
[[nodiscard]] inline result<std::string_view> detect_format(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return std::string_view("weka");
    result<text_file> file = text_file::open(path);
    if (!file) return file.error();
    std::vector<char> buffer(std::size_t{1} << 16);
    const result<std::size_t> got = file->read(buffer);
    if (!got) return got.error();
    std::string_view text(buffer.data(), *got);

    if (text.starts_with(
            std::string_view(trace_header::right_magic.data(), trace_header::right_magic.size())))
        return std::string_view("kvmark");
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (const std::size_t first = text.find_first_not_of(" \t\r\n"); first != std::string_view::npos)
        text.remove_prefix(first);
    const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
    if (text.starts_with('[') && has("\"conversations\"")) return std::string_view("sharegpt");
    if (text.starts_with('{')) {
        if (has("\"chat_id\"")) return std::string_view("bailian");
        if (has("\"block_size\"") || has("\"requests\"")) return std::string_view("weka");
        if (has("\"input_length\"") || has("\"hash_ids\"")) return std::string_view("mooncake");
    }
    text = text.substr(0, text.find('\n'));
    if (has("ContextTokens") && has("TIMESTAMP")) return std::string_view("azure");
    if (has("Request tokens") && has("Timestamp")) return std::string_view("burstgpt");
    return file->error_at(1, 1,
                          "the content is that of no known format; if it is one, name it: kvmark, mooncake, "
                          "bailian, weka, burstgpt, azure or sharegpt");
}

} // namespace kvmark::workload
