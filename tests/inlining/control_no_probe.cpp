// allow: allowed_build_command.txt
// expect: no probe
#include <kvmark/benchmark/command.hpp>

extern "C" void not_named_like_one() {}
