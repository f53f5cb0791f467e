// `kvmark completion bash|zsh|fish`: what a shell needs to complete kvmark's words.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kvmark::cli {

inline constexpr std::string_view shell_name_list[]{"bash", "zsh", "fish"};
inline constexpr std::span<const std::string_view> shell_names{shell_name_list};

/// The script for a shell, to be read by it (`source <(kvmark completion bash)`); empty for an unknown shell.
[[nodiscard]] std::string completion_script(std::string_view shell);

} // namespace kvmark::cli
