// Streams, as the functions that put work into them find them.
#pragma once

#include "stand_in/cuda_objects.hpp"

namespace kvmark::stand_in {

/// A null stream becomes that of `current`, which is made when it is first used.
gpu::status find_stream(gpu::stream&, gpu::context current);

void wait_for_all_streams_of(gpu::context_of_driver&);

} // namespace kvmark::stand_in
