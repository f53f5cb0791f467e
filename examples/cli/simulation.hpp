// The executor of simulations: no hands, one thread, and a word from outside that ends it.
#pragma once

#include "serve_stack.hpp"
#include "stop_signal.hpp"

#include <kvmark/exec/serial.hpp>

namespace kvmark {

namespace cli {
struct simulation {
    static constexpr std::string_view name = "simulation";
    static constexpr bool uses_launcher = false;
};

template <class Stack>
class simulation_crew : public exec::serial_crew<Stack> {
public:
    using exec::serial_crew<Stack>::serial_crew;
    [[nodiscard]] static bool stop_requested() { return cli::stop_signal != 0; }
    [[nodiscard]] static int stop_signal() { return cli::stop_signal; }
};
} // namespace cli

template <class Stack>
struct exec::crew_of<cli::simulation, Stack> {
    using type = cli::simulation_crew<Stack>;
};

} // namespace kvmark
