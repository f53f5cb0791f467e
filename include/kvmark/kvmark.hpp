// All of kvmark that needs the standard library alone. What needs Asio, fmt or JSON is a header of its own,
// included beside this one. Written by tests/checks/umbrella.py --fix.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/core/config.hpp>
#include <kvmark/core/memory_info.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/core/result.hpp>
#include <kvmark/core/stable_table.hpp>
#include <kvmark/core/units.hpp>
