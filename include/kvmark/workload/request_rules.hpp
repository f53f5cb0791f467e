// The rules that hold for a request wherever its sizes come from: phase, class of service, system prompt.
#pragma once

#include <kvmark/core/random.hpp>
#include <kvmark/workload/source_config.hpp>

namespace kvmark::workload {

/// Long contexts are prefilled and never decoded, as if decoded elsewhere (reference: prefill_only_tokens).
[[nodiscard]] constexpr phase choose_phase(const source_config& c, tokens input) {
    if (c.decode_only) return phase::decode;
    if (c.prefill_only || input.count >= c.parameters.prefill_only_tokens) return phase::prefill;
    return phase::prefill_decode;
}

[[nodiscard]] constexpr service_class draw_service(random_stream& draw, const parameters& p) {
    const double u = draw.uniform();
    return u < p.interactive_probability ? service_class::interactive
           : u < p.responsive_threshold  ? service_class::responsive
                                         : service_class::batch;
}

/// Gives `r` a system prompt, or none. Both numbers are drawn in either case, so that prefix caching on or
/// off leaves every later draw as it was.
constexpr void draw_system_prompt(random_stream& draw, const source_config& c, request& r) {
    const bool opens = draw.chance(c.parameters.system_prompt_probability);
    const auto index = draw.uniform_int(0, c.parameters.system_prompt_tokens.size() - 1);
    if (!opens || !c.prefix_caching) return;
    r.system_prompt = static_cast<std::uint8_t>(index);
    r.system_prompt_tokens = tokens(c.parameters.system_prompt_tokens[index]);
}

} // namespace kvmark::workload
