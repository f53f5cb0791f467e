// Our types are those of NVIDIA's nvml.h; compiled where there is one.
#include <kvmark/gpu/management.hpp>

#define NVML_NO_UNVERSIONED_FUNC_DEFS // every function under its own name
#include <nvml.h>

#include <type_traits>

using kvmark::gpu::managed_device;
using kvmark::gpu::management;

namespace {

template <class Ours, class Theirs>
constexpr bool same_value = std::is_same_v<Ours, Theirs> ||
                            (std::is_same_v<Ours, managed_device> && std::is_same_v<Theirs, nvmlDevice_t>) ||
                            (std::is_same_v<Ours, managed_device*> && std::is_same_v<Theirs, nvmlDevice_t*>);

template <class Ours, class Theirs>
struct same_call : std::false_type {};
template <class... Ours, class... Theirs>
    requires(sizeof...(Ours) == sizeof...(Theirs))
struct same_call<int (*)(Ours...), nvmlReturn_t (*)(Theirs...)>
    : std::bool_constant<(same_value<Ours, Theirs> && ...)> {};

template <class Ours, class Theirs>
constexpr bool calls = same_call<Ours, Theirs*>::value;

static_assert(sizeof(nvmlReturn_t) == sizeof(int) && NVML_SUCCESS == 0);
static_assert(sizeof(nvmlDevice_t) == sizeof(managed_device) && std::is_pointer_v<nvmlDevice_t>);

// The pairs of management::load().
static_assert(calls<decltype(management::init), decltype(nvmlInit_v2)>);
static_assert(calls<decltype(management::shutdown), decltype(nvmlShutdown)>);
static_assert(calls<decltype(management::driver_version), decltype(nvmlSystemGetDriverVersion)>);
static_assert(calls<decltype(management::device_at), decltype(nvmlDeviceGetHandleByPciBusId_v2)>);
static_assert(calls<decltype(management::link_generation), decltype(nvmlDeviceGetCurrPcieLinkGeneration)>);
static_assert(calls<decltype(management::link_generation_max), decltype(nvmlDeviceGetMaxPcieLinkGeneration)>);
static_assert(calls<decltype(management::link_width), decltype(nvmlDeviceGetCurrPcieLinkWidth)>);
static_assert(calls<decltype(management::link_width_max), decltype(nvmlDeviceGetMaxPcieLinkWidth)>);

} // namespace
