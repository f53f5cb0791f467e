#include "load_trace.hpp"

namespace kvmark::cli {

result<workload::block_trace> load_trace(const settings& s, console&) {
    return error{error_kind::unsupported, s.serving.trace};
}

} // namespace kvmark::cli
