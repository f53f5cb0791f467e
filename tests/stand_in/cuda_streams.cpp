// The functions about streams and events.
#include "stand_in/cuda_streams.hpp"

namespace kvmark::stand_in {

gpu::status find_stream(gpu::stream& s, gpu::context current) {
    if (s == nullptr) {
        const std::lock_guard mine(current->turn);
        if (!current->null_stream) current->null_stream = std::make_unique<gpu::stream_of_driver>(current);
        s = current->null_stream.get();
    } else if (!machine::get().streams.has(s)) {
        return cuda_status::invalid_handle;
    }
    return s->owner.error;
}

void wait_for_all_streams_of(gpu::context_of_driver& c) {
    machine::get().streams.each([&](gpu::stream_of_driver& s) {
        if (&s.owner == &c) s.wait_for_all();
    });
    const std::lock_guard mine(c.turn);
    if (c.null_stream) c.null_stream->wait_for_all();
}

} // namespace kvmark::stand_in

namespace kvmark::gpu {

using stand_in::machine;

KVMARK_CUDA status cuStreamCreate(stream* made, unsigned flags) {
    KVMARK_CUDA_CALL_IN(current);
    if (made == nullptr || flags > stream_non_blocking) return status::invalid_value;
    *made = machine::get().streams.make(current);
    return status::success;
}

KVMARK_CUDA status cuStreamDestroy_v2(stream s) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    context current = nullptr;
    const status state = stand_in::current_context(current);
    if (current == nullptr) return state;
    const auto destroyed = machine::get().streams.take(s);
    return destroyed ? destroyed->owner.error.load() : cuda_status::invalid_handle;
}

KVMARK_CUDA status cuStreamQuery(stream s) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    if (!s->idle()) return status::not_ready;
    return s->owner.error;
}

KVMARK_CUDA status cuEventCreate(event* made, unsigned flags) {
    KVMARK_CUDA_CALL_IN(current);
    if (made == nullptr || flags > 7) return status::invalid_value;
    *made = machine::get().events.make(current, flags);
    return status::success;
}

KVMARK_CUDA status cuEventDestroy_v2(event e) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    context current = nullptr;
    const status state = stand_in::current_context(current);
    if (current == nullptr) return state;
    const auto destroyed = machine::get().events.take(e);
    if (!destroyed) return cuda_status::invalid_handle;
    std::unique_lock mine(destroyed->turn); // its stream still knows it
    destroyed->changed.wait(mine, [&] { return destroyed->reached == destroyed->recorded; });
    return destroyed->owner.error;
}

KVMARK_CUDA status cuEventRecord(event e, stream s) {
    KVMARK_CUDA_CALL_IN(current);
    if (const status found = stand_in::find_stream(s, current); found != status::success) return found;
    if (!machine::get().events.has(e) || &e->owner != &s->owner) return cuda_status::invalid_handle;
    task t{.what = task::kind::record, .reached = e};
    {
        const std::lock_guard mine(e->turn);
        t.record = ++e->recorded;
    }
    s->push(t);
    return status::success;
}

/// The one that needs no context of the thread, nor has kvmark to be of its device.
KVMARK_CUDA status cuEventQuery(event e) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (!machine::get().events.has(e)) return cuda_status::invalid_handle;
    {
        const std::lock_guard mine(e->turn);
        if (e->reached < e->recorded && e->owner.error == status::success) return status::not_ready;
    }
    return e->owner.error;
}

KVMARK_CUDA status cuEventElapsedTime(float* milliseconds, event begin, event end) {
    KVMARK_CUDA_CALL_WHEN_STARTED();
    if (milliseconds == nullptr) return status::invalid_value;
    std::chrono::steady_clock::time_point at[2]{};
    event both[] = {begin, end};
    for (int i = 0; i < 2; ++i) {
        const event e = both[i];
        if (!machine::get().events.has(e) || &e->owner != &begin->owner) return cuda_status::invalid_handle;
        if (e->owner.error != status::success) return e->owner.error;
        const std::lock_guard mine(e->turn);
        if (e->recorded == 0 || (e->flags & event_without_timing) != 0) return cuda_status::invalid_handle;
        if (e->reached < e->recorded) return status::not_ready;
        at[i] = e->at;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(at[1] - at[0]).count();
    return status::success;
}

static_assert(std::is_same_v<decltype(&cuStreamCreate), decltype(driver::create_stream)> &&
              std::is_same_v<decltype(&cuStreamDestroy_v2), decltype(driver::destroy_stream)> &&
              std::is_same_v<decltype(&cuStreamQuery), decltype(driver::query_stream)> &&
              std::is_same_v<decltype(&cuEventCreate), decltype(driver::create_event)> &&
              std::is_same_v<decltype(&cuEventDestroy_v2), decltype(driver::destroy_event)> &&
              std::is_same_v<decltype(&cuEventRecord), decltype(driver::record_event)> &&
              std::is_same_v<decltype(&cuEventQuery), decltype(driver::query_event)> &&
              std::is_same_v<decltype(&cuEventElapsedTime), decltype(driver::elapsed_ms)>);

} // namespace kvmark::gpu
