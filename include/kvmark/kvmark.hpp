// All of kvmark that needs the standard library alone. What needs Asio, fmt or JSON is a header of its own,
// included beside this one. Written by tests/checks/umbrella.py --fix.
#pragma once

#include <kvmark/core/buffer.hpp>
#include <kvmark/core/clock.hpp>
#include <kvmark/core/config.hpp>
#include <kvmark/core/key_index.hpp>
#include <kvmark/core/memory_info.hpp>
#include <kvmark/core/path.hpp>
#include <kvmark/core/random.hpp>
#include <kvmark/core/result.hpp>
#include <kvmark/core/stable_table.hpp>
#include <kvmark/core/streaming_copy.hpp>
#include <kvmark/core/units.hpp>

#include <kvmark/model/geometry.hpp>
#include <kvmark/model/presets.hpp>

#include <kvmark/workload/arrivals.hpp>
#include <kvmark/workload/block_trace.hpp>
#include <kvmark/workload/conversations.hpp>
#include <kvmark/workload/documents.hpp>
#include <kvmark/workload/key_text.hpp>
#include <kvmark/workload/parameters.hpp>
#include <kvmark/workload/request.hpp>
#include <kvmark/workload/request_rules.hpp>
#include <kvmark/workload/source.hpp>
#include <kvmark/workload/source_config.hpp>
#include <kvmark/workload/trace_builder.hpp>
#include <kvmark/workload/user_personas.hpp>
#include <kvmark/workload/users.hpp>

#include <kvmark/tier/cache_directory.hpp>
#include <kvmark/tier/counted.hpp>
#include <kvmark/tier/decorated.hpp>
#include <kvmark/tier/direct_file.hpp>
#include <kvmark/tier/extent_stack.hpp>
#include <kvmark/tier/extent_table.hpp>
#include <kvmark/tier/faulty.hpp>
#include <kvmark/tier/file.hpp>
#include <kvmark/tier/file_layout.hpp>
#include <kvmark/tier/file_per_block.hpp>
#include <kvmark/tier/file_per_entry.hpp>
#include <kvmark/tier/file_tier.hpp>
#include <kvmark/tier/hash_ring.hpp>
#include <kvmark/tier/host.hpp>
#include <kvmark/tier/mapped_file.hpp>
#include <kvmark/tier/modelled.hpp>
#include <kvmark/tier/null.hpp>
#include <kvmark/tier/open_flags.hpp>
#include <kvmark/tier/raw_device.hpp>
#include <kvmark/tier/selected_layout.hpp>
#include <kvmark/tier/slab.hpp>
#include <kvmark/tier/stack.hpp>
#include <kvmark/tier/stamp.hpp>
#include <kvmark/tier/storage_tier.hpp>
#include <kvmark/tier/throttled.hpp>
#include <kvmark/tier/transfer.hpp>

#include <kvmark/cache/block_cache.hpp>
#include <kvmark/cache/eviction_policy.hpp>
#include <kvmark/cache/fifo.hpp>
#include <kvmark/cache/lru.hpp>
#include <kvmark/cache/replay.hpp>
#include <kvmark/cache/waterfall.hpp>

#include <kvmark/measure/add.hpp>
#include <kvmark/measure/faults.hpp>
#include <kvmark/measure/histogram.hpp>
#include <kvmark/measure/host_facts.hpp>
#include <kvmark/measure/job_stats.hpp>
#include <kvmark/measure/kernel_files.hpp>
#include <kvmark/measure/machine_facts.hpp>
#include <kvmark/measure/progress.hpp>
#include <kvmark/measure/run_report.hpp>

#include <kvmark/engine/access_model.hpp>
#include <kvmark/engine/autoscaler.hpp>
#include <kvmark/engine/backlog.hpp>
#include <kvmark/engine/engine.hpp>
#include <kvmark/engine/engine_config.hpp>
#include <kvmark/engine/event_queue.hpp>
#include <kvmark/engine/io_op.hpp>
#include <kvmark/engine/io_path.hpp>
#include <kvmark/engine/io_worker.hpp>
#include <kvmark/engine/live_figures.hpp>
#include <kvmark/engine/op_scheduler.hpp>
#include <kvmark/engine/preparation.hpp>
#include <kvmark/engine/recorder.hpp>
#include <kvmark/engine/task.hpp>
#include <kvmark/engine/turn_entries.hpp>

#include <kvmark/launch/argv.hpp>
#include <kvmark/launch/detect.hpp>
#include <kvmark/launch/dialect.hpp>
#include <kvmark/launch/hosts.hpp>
#include <kvmark/launch/launcher.hpp>
#include <kvmark/launch/layout.hpp>
#include <kvmark/launch/limits.hpp>
#include <kvmark/launch/prefix.hpp>
#include <kvmark/launch/quote.hpp>
#include <kvmark/launch/request.hpp>
#include <kvmark/launch/text_writer.hpp>

#include <kvmark/exec/executor.hpp>
#include <kvmark/exec/job_order.hpp>
#include <kvmark/exec/queue_driver.hpp>
#include <kvmark/exec/serial.hpp>
#include <kvmark/exec/unit_dispenser.hpp>

#include <kvmark/benchmark/benchmark.hpp>
#include <kvmark/benchmark/calibration.hpp>
#include <kvmark/benchmark/command.hpp>
#include <kvmark/benchmark/fault_list.hpp>
#include <kvmark/benchmark/job_command.hpp>
#include <kvmark/benchmark/option_names.hpp>
#include <kvmark/benchmark/options.hpp>
#include <kvmark/benchmark/plan_run.hpp>
#include <kvmark/benchmark/policies.hpp>
#include <kvmark/benchmark/validate.hpp>
#include <kvmark/benchmark/validate_workload.hpp>
