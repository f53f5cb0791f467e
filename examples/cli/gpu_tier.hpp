// What stands for GPU memory in a run: device memory, a model of it, or nothing.
#pragma once

#include "faults.hpp"
#include "settings.hpp"

namespace kvmark::cli {

/// Makes --gpu-tier auto one of the others, in s.gpu: device memory where this process can use a GPU, and
/// where not nothing, with the reason in s.notes. Faults: what does not go with a GPU tier that was asked
/// for.
void resolve_gpu_tier(settings& s, fault_list& faults);

} // namespace kvmark::cli
