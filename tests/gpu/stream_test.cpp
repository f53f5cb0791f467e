// Streams and events are destroyed with their owners, and tell how far the GPU is.
#include "gpu/open_gpu.hpp"

#include <kvmark/gpu/stream.hpp>

using namespace kvmark;
using gpu::make_event;
using gpu::make_stream;
using gpu::status;
using test::open_gpu;
using test::stand_in_cuda;

TEST_CASE("stream: it and its events end with their owners, whoever they were moved to") {
    const stand_in_cuda gpus;
    const gpu::device card = open_gpu();
    {
        auto stream = make_stream(card);
        auto event = make_event(card);
        REQUIRE(stream);
        REQUIRE(event);
        gpu::owned_stream moved = std::move(*stream), again;
        again = std::move(moved);
        CHECK(gpus.live_streams() == 1);
        CHECK(gpus.live_events() == 1);
        CHECK(card.api().record_event(event->get(), again.get()) == status::success);
    }
    CHECK(gpus.live_streams() == 0);
    CHECK(gpus.live_events() == 0);
}

TEST_CASE("stream: an event with timing measures, one without does not") {
    const stand_in_cuda gpus;
    const gpu::device card = open_gpu();
    const auto stream = make_stream(card);
    const auto begin = make_event(card, 0), end = make_event(card, 0), untimed = make_event(card);
    for (const auto* e : {&begin, &end, &untimed})
        REQUIRE(card.api().record_event((*e)->get(), stream->get()) == status::success);
    while (card.api().query_event(untimed->get()) == status::not_ready) {
    }
    float milliseconds = -1;
    CHECK(card.api().elapsed_ms(&milliseconds, begin->get(), end->get()) == status::success);
    CHECK(milliseconds >= 0);
    CHECK(card.api().elapsed_ms(&milliseconds, begin->get(), untimed->get()) != status::success);
}

TEST_CASE("stream: one that cannot be made says so") {
    const stand_in_cuda gpus("fail=cuStreamCreate:2@1 fail=cuEventCreate:2@1");
    const gpu::device card = open_gpu();
    const auto stream = make_stream(card);
    const auto event = make_event(card);
    REQUIRE(!stream);
    REQUIRE(!event);
    CHECK(stream.error().message == "GPU 0: no stream: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
    CHECK(event.error().message == "GPU 0: no event: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
}
