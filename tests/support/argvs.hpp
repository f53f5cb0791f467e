// Argument vectors for tests: to and from std::vector.
#pragma once

#include <kvmark/launch/argv.hpp>

#include <string>
#include <vector>

namespace kvmark::test {

inline std::vector<std::string> strings_of(const argv& arguments) {
    return {arguments.begin(), arguments.end()};
}

inline argv argv_of(const std::vector<std::string>& arguments) {
    return argv::build([&](launch::text_writer& writer) {
        for (const std::string& a : arguments) writer.argument(a);
    });
}

} // namespace kvmark::test
