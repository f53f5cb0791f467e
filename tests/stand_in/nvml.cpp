// The stand-in for NVML: tells of a link of each of the CUDA stand-in's GPUs, by their PCI addresses.
#include "stand_in/call_log.hpp"

#include <kvmark/gpu/management.hpp>

#include <cstdio>
#include <cstring>
#include <type_traits>

#define KVMARK_NVML extern "C" [[gnu::visibility("default")]]

KVMARK_STAND_IN_CALL_CONTROLS();
KVMARK_NVML void kvmark_stand_in_forget_calls() { kvmark::stand_in::call_log::get().reset({}); }

namespace kvmark::gpu {

struct device_of_management {};

namespace {

constexpr int uninitialized = 1, invalid_argument = 2, not_found = 6, insufficient_size = 7; // nvmlReturn_t

std::atomic<int> started{0};
device_of_management devices[256];

int answer(managed_device d, unsigned* into, unsigned value) {
    if (started == 0) return uninitialized;
    if (d == nullptr || into == nullptr) return invalid_argument;
    *into = value;
    return 0;
}

} // namespace

#define KVMARK_NVML_CALL()                                                                                   \
    if (const int asked = KVMARK_STAND_IN_CALL(); asked != 0) return asked

KVMARK_NVML int nvmlInit_v2() {
    KVMARK_NVML_CALL();
    ++started;
    return 0;
}

KVMARK_NVML int nvmlShutdown() {
    KVMARK_NVML_CALL();
    if (started == 0) return uninitialized;
    --started;
    return 0;
}

KVMARK_NVML int nvmlSystemGetDriverVersion(char* text, unsigned size) {
    KVMARK_NVML_CALL();
    if (started == 0) return uninitialized;
    constexpr const char* version = "580.159.04";
    if (size <= std::strlen(version)) return insufficient_size;
    std::strcpy(text, version);
    return 0;
}

KVMARK_NVML int nvmlDeviceGetHandleByPciBusId_v2(const char* pci_address, managed_device* found) {
    KVMARK_NVML_CALL();
    if (started == 0) return uninitialized;
    unsigned bus = 0;
    if (std::sscanf(pci_address, "0000:%2x:00.0", &bus) != 1 || bus == 0) return not_found;
    *found = &devices[bus];
    return 0;
}

KVMARK_NVML int nvmlDeviceGetCurrPcieLinkGeneration(managed_device d, unsigned* generation) {
    KVMARK_NVML_CALL();
    return answer(d, generation, 4);
}
KVMARK_NVML int nvmlDeviceGetMaxPcieLinkGeneration(managed_device d, unsigned* generation) {
    KVMARK_NVML_CALL();
    return answer(d, generation, 5);
}
KVMARK_NVML int nvmlDeviceGetCurrPcieLinkWidth(managed_device d, unsigned* lanes) {
    KVMARK_NVML_CALL();
    return answer(d, lanes, 8);
}
KVMARK_NVML int nvmlDeviceGetMaxPcieLinkWidth(managed_device d, unsigned* lanes) {
    KVMARK_NVML_CALL();
    return answer(d, lanes, 16);
}

static_assert(std::is_same_v<decltype(&nvmlInit_v2), decltype(management::init)> &&
              std::is_same_v<decltype(&nvmlSystemGetDriverVersion), decltype(management::driver_version)> &&
              std::is_same_v<decltype(&nvmlDeviceGetHandleByPciBusId_v2), decltype(management::device_at)> &&
              std::is_same_v<decltype(&nvmlDeviceGetCurrPcieLinkWidth), decltype(management::link_width)>);

} // namespace kvmark::gpu
