// What cannot be had of storage tiers and engines.
#include "storage_engine.hpp"

namespace kvmark::cli {

void check_storage_tier(const settings& s, fault_list& faults) {
    const io_engine_kind engine = s.io_engine;
    const std::string given = "--io-engine " + std::string(io_engine_names[static_cast<std::size_t>(engine)]);
    if (s.storage_tier == storage_tier_kind::file && engine != io_engine_kind::automatic &&
        engine != io_engine_kind::pread)
        faults.add(given + ": --storage-tier file is read and written by pread alone");
    if ((engine == io_engine_kind::uring && !has_uring) || (engine == io_engine_kind::asio && !has_asio_file))
        faults.add(given +
                   ": this kvmark was built without liburing; install liburing-dev and build it anew");
    if (s.options.strict && engine == io_engine_kind::automatic && !has_uring)
        faults.add("--strict: this kvmark was built without liburing; give --io-engine pread");
}

} // namespace kvmark::cli
