// Work on a GPU that is waited for at once: what set-up needs, and nothing that is measured.
#pragma once

#include <kvmark/gpu/poll_pace.hpp>
#include <kvmark/gpu/stream.hpp>

namespace kvmark::gpu {

/// Calls work(stream) with a stream of its own and waits until what it began is done. `what` was tried, says
/// the error.
template <class Work>
[[nodiscard]] KVMARK_COLD result<void> do_at_once(const device& d, const char* what, Work&& work) {
    auto order = make_stream(d);
    if (!order) return order.error();
    status s = work(order->get());
    if (s == status::success) s = await(d.api(), order->get());
    if (s != status::success) return d.failure(what, s);
    return {};
}

} // namespace kvmark::gpu
